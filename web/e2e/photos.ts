/* photos.ts - folders of photos for the journeys, drawn by the program itself. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'

const program = resolve(process.env.FOVEA ?? '../build/release/bin/fovea')
const engine = process.env.FOVEA_ENGINE ?? join(dirname(program), 'fovea-engine')

export type Sample = { folder: string; files: number; remove: () => void }

/** What `fovea dataset sample` draws into a folder of that name. */
export function draw(name: string, options: Record<string, string | number>) {
  const top = mkdtempSync(join(tmpdir(), 'fovea-sample-'))
  const folder = join(top, name)
  const flags = Object.entries(options).flatMap(([flag, value]) => [`--${flag}`, String(value)])
  execFileSync(engine, ['dataset', 'sample', folder, ...flags])
  return { folder, remove: () => rmSync(top, { recursive: true, force: true }) }
}

/** train/CLASS and val/CLASS for circle, square ...: classes times perClass and a quarter of it. */
export function drawSample(classes: number, perClass: number, seed = 1): Sample {
  const val = Math.max(2, Math.round(perClass / 4))
  return {
    ...draw('shapes', { num_classes: classes, train: perClass, val, image_size: 32, seed }),
    files: classes * (perClass + val),
  }
}

/** A photo that does not open, an empty one, one that is there twice, and a text. */
export function spoil({ folder }: Sample): void {
  const photo = readFileSync(join(folder, 'train/circle/0000.jpg'))
  writeFileSync(join(folder, 'train/circle/cut.jpg'), photo.subarray(0, 300))
  writeFileSync(join(folder, 'train/circle/empty.jpg'), '')
  writeFileSync(join(folder, 'train/circle/again.jpg'), photo)
  writeFileSync(join(folder, 'notes.txt'), 'taken in spring\n')
}
