/* plan.ts - what has been chosen, and what of it is worth sending. */
import type { PathFile } from '@/ui/dropped-files'

export const formats = ['imagefolder', 'yolo', 'coco', 'voc', 'dice'] as const
export type Format = (typeof formats)[number]

/** What was chosen or dropped at once; photos of it that lie in no folder are of one class. */
export type Batch = { files: readonly PathFile[]; className: string }

/** Why a file stays here. */
export type LeftOut = 'empty' | 'hidden' | 'not_image' | 'twice'
/** What stands in the way of all of it; one_class is no more than a warning. */
type Obstacle =
  'nothing' | 'only_empty' | 'no_images' | 'mixed' | 'many_archives' | 'no_class' | 'one_class'

export type Plan = {
  kind: 'files' | 'archive'
  files: PathFile[]
  bytes: number
  leftOut: { path: string; reason: LeftOut }[]
  obstacle: Obstacle | null
  /** photos in no folder and of no class yet */
  loose: number
  /** very large photos: taken, but slow to decode */
  huge: string[]
  /** what the paths look like */
  format: Format | null
  classes: string[]
}

const HUGE_BYTES = 50e6
const image = /\.(jpe?g|png|bmp|gif|tiff?|webp)$/i
const label = /\.(txt|ya?ml|json|xml|csv)$/i
const archive = /\.(zip|tar|tgz|tar\.gz|tar\.zst|tar\.xz|tar\.bz2)$/i
const hidden = /(^|\/)(\.|__MACOSX\/|Thumbs\.db$|desktop\.ini$)/i
const splitName = /^(train|val|test|training|validation|testing)$/i

export const isArchive = (name: string) => archive.test(name)

export function formatOf(paths: readonly string[]): Format | null {
  if (paths.some((path) => /(^|\/)data\.ya?ml$/i.test(path))) return 'yolo'
  if (paths.some((path) => /(^|\/)Annotations\/[^/]+\.xml$/i.test(path))) return 'voc'
  if (paths.some((path) => /(^|\/)label_map\.json$/i.test(path))) return 'dice'
  if (
    paths.some((path) =>
      /(^|\/)(annotations\/)?(instances|person_keypoints)_[^/]+\.json$/i.test(path),
    )
  )
    return 'coco'
  if (paths.some((path) => /(^|\/)annotations(_\w+)?\.json$/i.test(path))) return 'dice'
  if (paths.some((path) => /(^|\/)labels\/.+\.txt$/i.test(path))) return 'yolo'
  return paths.some((path) => path.includes('/') && image.test(path)) ? 'imagefolder' : null
}

/** One folder around all of it says nothing. */
function withoutTop(paths: readonly string[]): string[] {
  const top = paths[0]?.split('/')[0]
  const isSame = paths.every((path) => path.startsWith(`${top}/`) && path.split('/').length > 2)
  return paths.map((path) => (isSame ? path.slice(top!.length + 1) : path))
}

/** The classes that an imagefolder's paths name. */
export function classesOf(paths: readonly string[]): string[] {
  const found = new Set<string>()
  for (const path of withoutTop(paths)) {
    const parts = path.split('/')
    const at = splitName.test(parts[0] ?? '') ? 1 : 0
    if (parts.length > at + 1) found.add(parts[at]!)
  }
  return [...found].sort()
}

function reasonOf({ file, path }: PathFile, format: Format | null): LeftOut | null {
  if (hidden.test(path)) return 'hidden'
  if (!file.size) return label.test(path) && format !== 'imagefolder' ? null : 'empty'
  if (image.test(path)) return null
  return format && format !== 'imagefolder' && label.test(path) ? null : 'not_image'
}

const empty = (): Plan => ({
  kind: 'files',
  files: [],
  bytes: 0,
  leftOut: [],
  obstacle: 'nothing',
  loose: 0,
  huge: [],
  format: null,
  classes: [],
})

function planOfArchive(archives: PathFile[], others: number): Plan {
  const [one] = archives
  const plan = { ...empty(), kind: 'archive' as const, files: [one!], bytes: one!.file.size }
  if (archives.length > 1) return { ...plan, obstacle: 'many_archives' }
  if (others) return { ...plan, obstacle: 'mixed' }
  return { ...plan, obstacle: one!.file.size ? null : 'only_empty' }
}

const isLoose = (path: string) => !path.includes('/') && image.test(path)
export const hasLoose = (batch: Batch) => batch.files.some(({ path }) => isLoose(path))

/** A class name becomes a folder. */
const folderOf = (className: string) => className.trim().replace(/[/\\]/g, '_')

/** format: what the user says it is, if the paths do not. */
export function planOf(batches: readonly Batch[], format?: Format): Plan {
  const chosen = batches.flatMap((batch) => batch.files)
  if (!chosen.length) return empty()
  const archives = chosen.filter(({ path }) => isArchive(path))
  if (archives.length) return planOfArchive(archives, chosen.length - archives.length)

  const plan = empty()
  plan.format = formatOf(chosen.map(({ path }) => path))
  const effective = format ?? plan.format ?? 'imagefolder'
  const seen = new Set<string>()
  for (const { files, className } of batches)
    for (const item of files) {
      const needsClass = effective === 'imagefolder' && isLoose(item.path)
      const folder = needsClass ? folderOf(className) : ''
      take(plan, item, folder ? `${folder}/${item.path}` : item.path, seen, effective)
      if (needsClass && !folder) plan.loose++
    }
  plan.files.sort((a, b) => (a.path < b.path ? -1 : 1))
  plan.obstacle = obstacleOf(plan, effective)
  return plan
}

function take(plan: Plan, item: PathFile, path: string, seen: Set<string>, format: Format): void {
  const reason = seen.has(path) ? 'twice' : reasonOf(item, format)
  seen.add(path)
  if (reason) {
    plan.leftOut.push({ path: item.path, reason })
    return
  }
  if (item.file.size > HUGE_BYTES) plan.huge.push(path)
  plan.files.push({ file: item.file, path })
  plan.bytes += item.file.size
}

function obstacleOf(plan: Plan, format: Format): Obstacle | null {
  const images = plan.files.filter(({ path }) => image.test(path))
  if (!images.length)
    return plan.leftOut.length && plan.leftOut.every(({ reason }) => reason === 'empty')
      ? 'only_empty'
      : 'no_images'
  if (format !== 'imagefolder') return null
  if (plan.loose) return 'no_class'
  plan.classes = classesOf(images.map(({ path }) => path))
  return plan.classes.length < 2 ? 'one_class' : null
}

/** The same files give the same text, whoever chooses them again later. */
export function fingerprint(files: readonly PathFile[]): string {
  let hash = 0x811c9dc5
  const mix = (text: string) => {
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  }
  const sorted = [...files].sort((a, b) => (a.path < b.path ? -1 : 1))
  for (const { path, file } of sorted) mix(`${path}\0${file.size}\0${file.lastModified}\0`)
  return `${files.length}-${(hash >>> 0).toString(16)}`
}
