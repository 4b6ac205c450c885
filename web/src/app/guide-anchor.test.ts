import { existsSync } from 'node:fs'
import { expect, it } from 'vitest'
import { sections } from '@/features/guide/sections'
import { guideLink } from './guide-anchor'

const pages = [
  '/',
  '/projects/3',
  '/projects/3/new',
  '/projects/3/datasets',
  '/projects/3/compare',
  '/projects/3/inference',
  '/projects/3/members',
  '/datasets/a-b',
  '/training/9',
  '/queue',
  '/profile',
  '/admin/users',
]

it.each(pages)('leads from %s to a part that there is', (page) => {
  const part = guideLink(page).split('#')[1]
  expect(sections.map(({ id }) => id as string)).toContain(part)
})
it('leads from elsewhere to the beginning', () => {
  expect(guideLink('/guide')).toBe('/guide')
})
it('has every picture in both languages', () => {
  for (const { id, hasPicture } of sections)
    for (const locale of ['ko', 'en'])
      if (hasPicture) expect(existsSync(`public/guide/${id}-${locale}.webp`), id).toBe(true)
})
