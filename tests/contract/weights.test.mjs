/* weights.test.mjs - docs/load_in_timm.py does what the documentation says; needs Python with timm. */

import assert from 'node:assert/strict'
import { execFile, execFileSync } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { program, sampleDataset } from './support.mjs'

const run = promisify(execFile)
const python = '/usr/bin/python3'
const script = fileURLToPath(new URL('../../docs/load_in_timm.py', import.meta.url))

function hasTimm() {
  try {
    execFileSync(python, ['-c', 'import timm, torch, PIL'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

test('a checkpoint loads into timm and says the same there', { skip: hasTimm() ? false : 'Python has no timm' }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'fovea-weights-'))
  const data = await sampleDataset(join(folder, 'shapes'))
  await run(program, ['train', '--model', 'resnet18', '--data', data, '--image_size', '64', '--epochs', '1',
    '--batch', '8', '--out', join(folder, 'run'), '--quiet'])
  const checkpoint = join(folder, 'run', 'checkpoints', 'best.safetensors')
  const images = (await readdir(data, { recursive: true })).filter(path => /^val.*jpg$/.test(path)).slice(0, 6)
    .map(path => join(data, path))
  const theirs = (await run(python, [script, checkpoint, ...images])).stdout.trim().split('\n').map(JSON.parse)
  const ours = (await run(program, ['predict', '--json', '--checkpoint', checkpoint, ...images])).stdout.trim().split('\n')
    .map(JSON.parse)
  assert.equal(theirs.length, images.length)
  theirs.forEach((one, i) => {
    const same = ours[i].predictions.find(row => row.label === one.label)
    assert.ok(Math.abs(one.confidence - same.confidence) < 0.01, `${one.confidence} and ${same.confidence}`)
  })
  await rm(folder, { recursive: true, force: true })
})
