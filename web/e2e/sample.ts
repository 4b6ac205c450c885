/* sample.ts - a drawn data set, made by the program and uploaded by its API. */
import type { Page } from '@playwright/test'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Server } from './server'

const program =
  process.env.FOVEA_ENGINE ?? resolve(process.env.FOVEA ?? '../build/release/bin/fovea')

/** A tar of drawn photos of a few classes, small enough to train within seconds. */
export function sampleArchive({ classes = 2, train = 8, val = 4, size = 32 } = {}): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'fovea-sample-'))
  const counts = ['--num_classes', `${classes}`, '--train', `${train}`, '--val', `${val}`]
  try {
    execFileSync(program, [
      'dataset',
      'sample',
      join(folder, 'sample'),
      ...counts,
      '--image_size',
      `${size}`,
    ])
    execFileSync('tar', ['-C', folder, '-cf', join(folder, 'sample.tar'), 'sample'])
    return readFileSync(join(folder, 'sample.tar'))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** Uploads one into a project as whoever is logged in; resolves when it can be trained on. */
export async function uploadSample(
  page: Page,
  server: Server,
  projectId: number,
  name: string,
): Promise<string> {
  const answer = await page.request.post(server.url + '/api/v1/datasets', {
    headers: { Origin: server.url },
    multipart: {
      name,
      format: 'imagefolder',
      project_id: String(projectId),
      files: { name: 'sample.tar', mimeType: 'application/x-tar', buffer: sampleArchive() },
    },
  })
  if (!answer.ok()) throw new Error(`upload: ${answer.status()} ${await answer.text()}`)
  const { id } = (await answer.json()) as { id: string }
  for (let tries = 0; ; tries++) {
    const { status } = await server.call<{ status: string }>('GET', `/api/v1/datasets/${id}`)
    if (status === 'ready') return id
    if (status !== 'analyzing' || tries > 200) throw new Error(`the sample is ${status}`)
    await new Promise((done) => setTimeout(done, 100))
  }
}
