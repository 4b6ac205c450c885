import { readFileSync, readdirSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import en from './en'
import { everywhere } from './i18n'

const source = resolve(__dirname, '..')
/** Without comments and imported types, which are not there at run time. */
const read = (file: string) =>
  readFileSync(file, 'utf8').replace(/^import type .*$|\/\*[^]*?\*\//gm, '')

const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .filter((name) => /\.tsx?$/.test(name) && !/\.(test|d)\.tsx?$/.test(name))
  .map((name) => join(source, name))
const known = new Set(files)

function find(name: string, from: string): string | undefined {
  const base = name.startsWith('@/') ? join(source, name.slice(2)) : resolve(dirname(from), name)
  return [base, `${base}.ts`, `${base}.tsx`].find((path) => known.has(path))
}

/** What comes with words of its own: [module, parts] of each withWords(). */
const entry = /withWords\(\s*\(\) => import\('([^']+)'\)[^,)]*,?([^)]*)\)/g
const unquoted = (list: string) => [...list.matchAll(/'(\w+)'/g)].map((found) => found[1]!)

/** The parts that a module and all it imports may say something of. */
function said(file: string, seen = new Set<string>()): Set<string> {
  const all = new Set<string>()
  if (seen.has(file)) return all
  seen.add(file)
  const text = read(file).replace(entry, '')
  for (const [, part] of text.matchAll(/['"`](\w+)\.[a-z_$]/g)) if (part! in en) all.add(part!)
  for (const [, name] of text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'([^']+)'/g)) {
    const next = find(name!, file)
    if (next) said(next, seen).forEach((part) => all.add(part))
  }
  return all
}

const entries = files.flatMap((file) =>
  [...read(file).matchAll(entry)].map(([, name, parts]) => ({
    file: find(name!, file),
    name: name!,
    parts: unquoted(parts!),
  })),
)

describe('the texts of a page', () => {
  it('come with it', () => {
    expect(entries.length).toBeGreaterThan(15)
    for (const { file, name, parts } of entries) {
      const needed = [...said(file!)].filter((part) => !everywhere.includes(part as never)).sort()
      expect({ name, parts: [...parts].sort() }).toEqual({ name, parts: needed })
    }
  })
  it('are there from the beginning where no page brings them', () => {
    const needed = [...said(join(source, 'main.tsx'))]
    expect(needed.filter((part) => !everywhere.includes(part as never))).toEqual([])
  })
})
