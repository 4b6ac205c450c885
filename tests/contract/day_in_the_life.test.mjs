/* day_in_the_life.test.mjs - one person from the account to the restored backup, with everything that
 * breaks on the way: an upload, the engine, the server.
 *
 * On drawn shapes; with REAL_PHOTOS=FOLDER on the photographs there (train/ and val/ of class folders). */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { access, mkdtemp, readFile, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { promisify } from 'node:util'
import { io } from 'socket.io-client'
import { call, expectCall, killServer, login, program, sampleDataset, startServer, stopServer, until } from './support.mjs'

const run = promisify(execFile)
const photos = process.env.REAL_PHOTOS
const epochs = 3
const size = photos ? 128 : 64
const pieceBytes = 64 * 1024

async function filesOf(folder) {
  const paths = []
  for (const path of await readdir(folder, { recursive: true }))
    if ((await stat(join(folder, path))).isFile()) paths.push(path)
  return paths.sort()
}

async function bytesOf(folder) {
  const sizes = await Promise.all((await filesOf(folder)).map(async path => (await stat(join(folder, path))).size))
  return sizes.reduce((a, b) => a + b, 0)
}

test('a day in the life', { timeout: 1200000 }, async () => {
  let server = await startServer()
  const scratch = await mkdtemp(join(tmpdir(), 'fovea-day-'))
  const images = photos ?? await sampleDataset(join(scratch, 'shapes'), { train: 60, val: 20, size: 64 })
  const token = await login(server, 'ada@example.com')
  const get = async path => expectCall(server, 200, 'GET', path, { token })
  const jobNow = async id => get(`/api/v1/training/jobs/${id}`)
  const { id: project } = await expectCall(server, 201, 'POST', '/api/v1/projects', { token, body: { name: 'My photos' } })

  /* The folder, file by file in one form. */
  const form = new FormData()
  const paths = await filesOf(images)
  for (const [key, value] of [['name', 'as a folder'], ['format', 'imagefolder'], ['project_id', String(project)]])
    form.append(key, value)
  for (const path of paths) form.append('files', new Blob([await readFile(join(images, path))]), path)
  const sent = await fetch(`${server.url}/api/v1/datasets`,
    { method: 'POST', headers: { Authorization: `Bearer ${token}` }, body: form })
  assert.equal(sent.status, 201)
  const first = await sent.json()
  assert.equal(first.num_classes, 2)

  /* The same as a zip, in pieces, broken off in the middle and resumed after asking how much has come. */
  const zip = join(scratch, 'images.zip')
  await run('zip', ['-qr', zip, '.'], { cwd: images })
  const content = await readFile(zip)
  const begun = await expectCall(server, 201, 'POST', '/api/v1/uploads', { token, body: {
    dataset: { name: 'as a zip', format: 'imagefolder', project_id: project }, kind: 'archive', filename: 'images.zip',
    total_bytes: content.length } })
  const put = (offset, piece) => fetch(`${server.url}/api/v1/uploads/${begun.upload_id}?offset=${offset}`,
    { method: 'PUT', headers: { Authorization: `Bearer ${token}`, 'Content-Type': 'application/octet-stream' }, body: piece })
  const arrived = async () => Number((await fetch(
    `${server.url}/api/v1/uploads/${begun.upload_id}`,
    { method: 'HEAD', headers: { Authorization: `Bearer ${token}` } })).headers.get('upload-offset'))
  const half = Math.floor(content.length / 2)
  const put1 = await put(0, content.subarray(0, half))
  assert.ok(put1.ok, `${put1.status} ${await put1.text()}`)
  assert.equal((await put(0, content.subarray(0, 100))).status, 409, 'a piece in the wrong place')
  assert.equal(await arrived(), half)
  await stopServer(server, { keep: true })
  server = await startServer([], server)
  for (let offset = await arrived(); offset < content.length; offset = await arrived())
    assert.ok((await put(offset, content.subarray(offset, offset + pieceBytes))).ok)
  const dataset = await expectCall(server, 201, 'POST', `/api/v1/uploads/${begun.upload_id}/commit`, { token })
  assert.equal(dataset.file_count, first.file_count)

  /* The doctor's report. */
  const checked = await until(async () => {
    const now = await get(`/api/v1/datasets/${dataset.id}`)
    return now.status !== 'analyzing' && now
  })
  assert.equal(checked.status, 'ready', checked.status_reason)
  assert.ok(await get(`/api/v1/datasets/${dataset.id}/report`))
  const grid = await get(`/api/v1/datasets/${dataset.id}/images?limit=1`)
  const thumbnail = await fetch(server.url + grid.images[0].thumbnail_url, { headers: { Authorization: `Bearer ${token}` } })
  assert.equal(thumbnail.headers.get('content-type'), 'image/jpeg')

  /* A model, a job, and the socket open before it starts. */
  const models = await get('/api/v1/models/list?task_type=image_classification')
  assert.ok(models.some(model => model.model_name === 'resnet18'))
  const { id } = await expectCall(server, 201, 'POST', '/api/v1/training/jobs', { token, body: { project_id: project, config: {
    framework: 'timm', model_name: 'resnet18', task_type: 'image_classification', dataset_id: dataset.id,
    dataset_format: 'imagefolder', epochs, batch_size: 8, learning_rate: 0.001,
    advanced_config: { image_size: size, checkpoint_interval: 1 } } } })
  const frames = []
  const socket = io(server.url, { auth: { token }, forceNew: true })
  socket.onAny((event, data) => frames.push([event, data]))
  await new Promise(resolve => socket.once('connect', resolve))
  socket.emit('subscribe', `experiment:${id}`)
  await expectCall(server, 200, 'POST', `/api/v1/training/jobs/${id}/start`, { token })
  await until(() => frames.some(([event]) => event === 'training_step'))
  await until(() => frames.some(([event, data]) => event === 'training_progress' && data.epoch === 1))
  await until(() => frames.some(([event, data]) => event === 'checkpoint_saved' && data.kind === 'latest'))

  /* The engine is killed: the job has failed, with the cause, within five seconds. */
  const { process_id: engine } = await jobNow(id)
  process.kill(engine, 'SIGKILL')
  const failed = await until(async () => {
    const now = await jobNow(id)
    return now.status === 'failed' && now
  }, 5)
  assert.match(failed.error_message, /kill|SIGKILL|signal 9/i)
  await until(() => frames.some(([event, data]) => event === 'training_status_change' && data.new_status === 'failed'))
  socket.disconnect()

  /* It goes on; in the middle of an epoch the server is killed, and training is not. */
  await expectCall(server, 200, 'POST', `/api/v1/training/jobs/${id}/start?resume=true`, { token })
  await until(async () => (await jobNow(id)).step > 0)
  const { process_id: second } = await jobNow(id)
  await killServer(server)
  await access(`/proc/${second}`)
  server = await startServer([], server)
  const done = await until(async () => {
    const now = await jobNow(id)
    assert.notEqual(now.status, 'failed', now.error_message)
    return now.status === 'completed' && now
  }, 900)
  const rows = await get(`/api/v1/training/jobs/${id}/metrics`)
  assert.deepEqual(rows.map(row => row.epoch), [...Array(epochs)].map((_, i) => i + 1), 'no epoch lost or doubled')
  assert.equal(done.attempt, 2)
  assert.ok(done.accuracy > 0)

  /* A new photo, and the checkpoint. */
  const predict = new FormData()
  const image = paths.find(path => path.startsWith('val'))
  predict.append('file', new Blob([await readFile(join(images, image))]), 'new.jpg')
  predict.append('training_job_id', String(id))
  const predicted = await fetch(`${server.url}/api/v1/test-inference`,
    { method: 'POST', headers: { Authorization: `Bearer ${token}` }, body: predict })
  assert.equal(predicted.status, 200)
  assert.equal((await predicted.json()).predictions.length, 2)
  const { checkpoints } = await get(`/api/v1/training/jobs/${id}/checkpoints`)
  const best = checkpoints.find(one => one.is_best)
  const download = await fetch(server.url + best.download_url, { headers: { Authorization: `Bearer ${token}` } })
  const bytes = Buffer.from(await download.arrayBuffer())
  assert.equal(bytes.length, best.size_bytes)
  await writeFile(join(scratch, 'best.safetensors'), bytes)
  const said = await run(program, ['predict', '--json', '--checkpoint', join(scratch, 'best.safetensors'), join(images, image)])
  assert.equal(JSON.parse(said.stdout).predictions.length, 2)

  /* A backup while it serves; the project goes, and the disk is free. */
  const backup = join(scratch, 'backup.tar')
  await run(program, ['backup', '--data', server.data, backup])
  const full = await bytesOf(server.data)
  await expectCall(server, 200, 'DELETE', `/api/v1/projects/${project}?force=1`, { token })
  assert.equal((await call(server, 'GET', `/api/v1/training/jobs/${id}`, { token })).status, 404)
  const left = await filesOf(server.data)
  assert.deepEqual(left.filter(path => /^(outputs|datasets|thumbnails|uploads)\//.test(path)), [])
  assert.ok(await bytesOf(server.data) < full / 2, 'the disk is free')

  /* Restored elsewhere, everything is there again. */
  const restored = join(scratch, 'restored')
  await run(program, ['restore', backup, '--data', restored])
  await stopServer(server)
  server = await startServer([], { data: restored, secret: server.secret })
  const again = await login(server, 'ada@example.com')
  const back = await expectCall(server, 200, 'GET', `/api/v1/training/jobs/${id}`, { token: again })
  assert.deepEqual([back.status, back.accuracy], ['completed', done.accuracy])
  const copy = await fetch(server.url + best.download_url, { headers: { Authorization: `Bearer ${again}` } })
  assert.ok(Buffer.from(await copy.arrayBuffer()).equals(bytes))
  console.log(`# day in the life: accuracy ${done.accuracy} after ${epochs} epochs of ${photos ?? 'drawn shapes'}`)
  await stopServer(server)
  await rm(scratch, { recursive: true, force: true })
})
