/* sections.ts - the parts of the guide, in the order of reading.  Their texts are in
 * i18n/XX/guide.json; their pictures are public/guide/ID-XX.webp, which tools/guide-screenshots.mjs
 * takes. */
import type { Messages } from '@/i18n/en'
import type { IconName } from '@/ui/icons'

type SectionId = keyof Messages['guide']['sections']

export type Section = { id: SectionId; icon: IconName; hasPicture?: boolean }

export const sections: readonly Section[] = [
  { id: 'start', icon: 'bolt', hasPicture: true },
  { id: 'projects', icon: 'grid' },
  { id: 'datasets', icon: 'upload', hasPicture: true },
  { id: 'dataset', icon: 'images', hasPicture: true },
  { id: 'new', icon: 'plus', hasPicture: true },
  { id: 'queue', icon: 'queue' },
  { id: 'training', icon: 'chart', hasPicture: true },
  { id: 'compare', icon: 'compare', hasPicture: true },
  { id: 'inference', icon: 'target', hasPicture: true },
  { id: 'members', icon: 'users' },
  { id: 'profile', icon: 'key' },
  { id: 'admin', icon: 'shield', hasPicture: true },
  { id: 'trouble', icon: 'warning' },
]
