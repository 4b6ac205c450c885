/* dirty_labels.test.mjs - a data set from the wild: missing splits, five classes where one is named,
 * outlines among boxes.  Every file is accounted for, and after all fixes it can be trained on.
 * Skipped where the photographs are absent. */

import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { test } from 'node:test'
import { expectCall, login, startServer, stopServer, until, upload } from './support.mjs'

const folder = fileURLToPath(new URL('../../../shared/data/detection/ships_dirty', import.meta.url))

test('a dirty dataset is reported, mended and trained on', { skip: !existsSync(folder), timeout: 600000 }, async () => {
  const server = await startServer()
  const token = await login(server, 'ada@example.com')
  const get = async path => expectCall(server, 200, 'GET', path, { token })
  const { id: project } = await expectCall(server, 201, 'POST', '/api/v1/projects', { token, body: { name: 'Ships' } })
  const { id } = await upload(server, token, project, folder, 'ships', 'yolo')
  const path = `/api/v1/datasets/${id}`
  const { report, files, status } = await get(`${path}/report?wait=1`)
  const count = (await readdir(folder, { recursive: true, withFileTypes: true })).filter(entry => entry.isFile()).length
  assert.equal(files.used.files + files.excluded.files, count)
  assert.ok(report.labels.rows.excluded > 0 && report.labels.findings.length > 0)
  assert.equal(status, 'not_ready')
  for (const finding of report.labels.findings) assert.ok(finding.message && finding.path !== undefined)
  for (const { reason } of report.excluded_files) assert.ok(reason)

  const fixed = await expectCall(server, 200, 'POST', `${path}/fixes?wait=1`, { token, body: { ids: 'all' } })
  assert.ok(fixed.applied > 0)
  assert.deepEqual([fixed.dataset.status, fixed.dataset.num_classes, fixed.dataset.task_type],
    ['ready', 5, 'object_detection'], fixed.dataset.status_reason)
  const split = await get(`${path}/split`)
  assert.ok(split.splits.train > 0 && split.splits.val > 0, JSON.stringify(split.splits))
  const left = (await get(`${path}/fixes`)).fixes.filter(fix => !fix.applied && fix.action !== 'look')
  assert.deepEqual(left, [])
  const sums = (await get(`${path}/report`)).files
  assert.equal(sums.used.files + sums.excluded.files + sums.fixed.files, count)

  const job = await expectCall(server, 201, 'POST', '/api/v1/training/jobs', { token, body: { project_id: project, config: {
    framework: 'ultralytics', model_name: 'yolo11n', task_type: 'object_detection', dataset_id: id, epochs: 1, batch_size: 8,
    learning_rate: 0.01, advanced_config: { image_size: 64 } } } })
  await expectCall(server, 200, 'POST', `/api/v1/training/jobs/${job.id}/start`, { token })
  const done = await until(async () => {
    const now = await get(`/api/v1/training/jobs/${job.id}`)
    assert.notEqual(now.status, 'failed', now.error_message)
    return now.status === 'completed' && now
  })
  assert.equal(done.num_classes, 5)
  await stopServer(server)
})
