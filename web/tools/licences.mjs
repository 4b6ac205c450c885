/* licences.mjs - the notices of the packages whose code is in what we deliver.
 *
 *   node tools/licences.mjs FILE
 *
 * Packages that only build or test (`dev` in the lock file) are in nobody's browser, and left out.
 * Those with the same text share it; one that brings none is named with its licence. */

import { readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8'))
const byText = new Map()

for (const [folder, { dev, version, license }] of Object.entries(packages)) {
  // Types have no code, and an optional package may not be there on this system.
  if (!folder || dev || folder.includes('/@types/')) continue
  let files
  try {
    files = readdirSync(folder)
  } catch {
    continue
  }
  const file = files.find((name) => /^(licen[cs]e|copying)/i.test(name))
  const name = `${folder.replace(/^.*node_modules\//, '')} ${version} (${license})`
  const text = file ? readFileSync(join(folder, file), 'utf8').trim() : 'No text in the package.'
  byText.set(text, [...(byText.get(text) ?? []), name])
}

const parts = [...byText].map(([text, names]) => `${names.sort().join('\n')}\n\n${text}\n`)
const head = 'Fovea is under the Apache License 2.0. Its web UI contains the following packages.\n'
writeFileSync(process.argv[2], [head, ...parts.sort()].join(`\n${'-'.repeat(72)}\n\n`))
