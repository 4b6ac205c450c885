/* day_of_masks.test.mjs - outlines from a zip to masks on a new image, with an engine that is killed
 * on the way. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { io } from 'socket.io-client'
import { expectCall, login, sampleDataset, startServer, stopServer, until } from './support.mjs'

const run = promisify(execFile)
const size = 160
const epochs = 2

test('a day of masks', { timeout: 600000 }, async () => {
  const server = await startServer()
  const scratch = await mkdtemp(join(tmpdir(), 'fovea-masks-'))
  const folder = await sampleDataset(join(scratch, 'shapes'),
    { task: 'instance_segmentation', train: 6, val: 2, size })
  const token = await login(server, 'ada@example.com')
  const get = async path => expectCall(server, 200, 'GET', path, { token })
  const jobNow = async id => get(`/api/v1/training/jobs/${id}`)
  const { id: project } = await expectCall(server, 201, 'POST', '/api/v1/projects', { token, body: { name: 'Masks' } })

  /* A zip with a folder around it all, and one label that is wrong. */
  const zip = join(scratch, 'shapes.zip')
  await run('sh', ['-c', `printf '0 0.1 0.1 0.2\\n' >> shapes/labels/train/000000000001.txt && zip -qr ${zip} shapes`],
    { cwd: scratch })
  const form = new FormData()
  for (const [key, value] of [['name', 'masks'], ['format', 'yolo'], ['project_id', String(project)]]) form.append(key, value)
  form.append('files', new Blob([await readFile(zip)]), 'shapes.zip')
  const sent = await fetch(`${server.url}/api/v1/datasets?wait=1`,
    { method: 'POST', headers: { Authorization: `Bearer ${token}` }, body: form })
  const dataset = await sent.json()
  assert.equal(sent.status, 201, JSON.stringify(dataset))
  assert.deepEqual([dataset.status, dataset.task_type, dataset.num_images], ['ready', 'instance_segmentation', 8],
    dataset.status_reason)

  /* The report names the row; the fix takes it out. */
  const { report } = await get(`/api/v1/datasets/${dataset.id}/report`)
  const [finding] = report.labels.findings
  assert.match(finding.path, /labels\/train\/000000000001\.txt$/)
  assert.ok(finding.line > 1 && finding.message && finding.remedy === 'drop', JSON.stringify(finding))
  const fixed = await expectCall(server, 200, 'POST', `/api/v1/datasets/${dataset.id}/fixes?wait=1`, { token, body: { all: true } })
  assert.deepEqual([fixed.applied, fixed.dataset.status], [1, 'ready'])
  assert.deepEqual((await get(`/api/v1/datasets/${dataset.id}/report`)).report.labels.findings, [])

  /* Trained; the engine is killed after the first epoch and goes on. */
  const { id } = await expectCall(server, 201, 'POST', '/api/v1/training/jobs', { token, body: { project_id: project, config: {
    framework: 'ultralytics', model_name: 'yolo11n-seg', task_type: 'instance_segmentation', dataset_id: dataset.id,
    epochs, batch_size: 2, learning_rate: 0.001, advanced_config: { image_size: size } } } })
  const frames = []
  const socket = io(server.url, { auth: { token }, forceNew: true })
  socket.onAny((event, data) => frames.push([event, data]))
  await new Promise(resolve => socket.once('connect', resolve))
  socket.emit('subscribe', `experiment:${id}`)
  await expectCall(server, 200, 'POST', `/api/v1/training/jobs/${id}/start`, { token })
  await until(() => frames.some(([event, data]) => event === 'checkpoint_saved' && data.kind === 'latest'))
  process.kill((await jobNow(id)).process_id, 'SIGKILL')
  const failed = await until(async () => {
    const now = await jobNow(id)
    return now.status === 'failed' && now
  }, 10)
  assert.match(failed.error_message, /kill|SIGKILL|signal 9/i)
  socket.disconnect()
  await expectCall(server, 200, 'POST', `/api/v1/training/jobs/${id}/start?resume=true`, { token })
  const done = await until(async () => {
    const now = await jobNow(id)
    assert.notEqual(now.status, 'failed', now.error_message)
    return now.status === 'completed' && now
  }, 300)
  assert.deepEqual([done.attempt, done.num_classes, done.primary_metric], [2, 2, 'mAP50(M)'])
  const rows = await get(`/api/v1/training/jobs/${id}/metrics`)
  assert.deepEqual(rows.map(row => row.epoch), [1, 2], 'no epoch lost or doubled')
  for (const { extra_metrics: extra } of rows)
    assert.ok(extra.train_seg_loss > 0 && 'mAP50(M)' in extra && 'mAP50(B)' in extra)
  const images = await get(`/api/v1/validation/jobs/${id}/results/${epochs}/images`)
  assert.ok(images.images.every(image => image.objects.true_boxes.every(box => box.polygons.length > 0)))

  /* Masks on an image. */
  const predict = new FormData()
  predict.append('file', new Blob([await readFile(join(folder, 'images/val/000000000007.jpg'))]), 'new.jpg')
  for (const [key, value] of [['training_job_id', id], ['confidence_threshold', 0], ['max_detections', 3]])
    predict.append(key, String(value))
  const response = await fetch(`${server.url}/api/v1/test-inference`,
    { method: 'POST', headers: { Authorization: `Bearer ${token}` }, body: predict })
  const answer = await response.json()
  assert.equal(response.status, 200, JSON.stringify(answer))
  assert.deepEqual([answer.num_instances, answer.predicted_masks.length, answer.image_width], [3, 3, size])
  assert.ok(answer.predicted_masks.every(mask => mask.rle.size.join() === `${size},${size}`))
  await stopServer(server)
  await rm(scratch, { recursive: true, force: true })
})
