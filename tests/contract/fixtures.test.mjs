/* fixtures.test.mjs - what clients of the API rely on, call by call, with resnet18.  That a new model
 * shows when a training service alone is exchanged is in tests/extending: it needs another engine. */

import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { access, readdir, readFile } from 'node:fs/promises'
import { Database } from './sqlite.mjs'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { promisify } from 'node:util'
import { call, commandLine, expectCall, login, readDescription, report, sampleDataset, startServer, stopServer,
  until, upload } from './support.mjs'

const run = promisify(execFile)
const nothing = '/app/datasets/nothing-is-here'
const flat = (project, path) => ({
  project_id: project, model_name: 'resnet18', framework: 'timm', task_type: 'image_classification',
  dataset_path: path, dataset_format: 'imagefolder', epochs: 50, batch_size: 16, learning_rate: 0.01,
  optimizer: 'adam', pretrained: true,
})

let server, token, stranger, project, samples, described

before(async () => {
  server = await startServer()
  token = await login(server, 'owner@example.com')
  stranger = await login(server, 'stranger@example.com')
  samples = await sampleDataset(join(server.data, 'samples', 'shapes'))
  project = (await expectCall(server, 201, 'POST', '/api/v1/projects',
    { token, body: { name: 'Dog vs Cat', description: 'Classification project' } })).id
  described = await readDescription(server)
})
after(() => stopServer(server))

/* As expectCall(), and the answer is as the description says. */
async function ask(status, method, path, options) {
  const answer = await call(server, method, path, options)
  assert.equal(answer.status, status, `${method} ${path}: ${JSON.stringify(answer.body)}`)
  described.check(method, path, answer)
  return answer.body
}

const asOwner = body => ({ token, body })

/* --- models ---------------------------------------------------------------------------------- */

const cardFields = ['framework', 'model_name', 'display_name', 'description', 'params', 'input_size', 'task_types',
  'pretrained_available', 'recommended_batch_size', 'recommended_lr', 'tags', 'priority']

test('the catalogue, its order and its fields', async () => {
  const list = await ask(200, 'GET', '/api/v1/models/list')
  assert.deepEqual(list.slice(0, 3).map(model => model.model_name), ['resnet50', 'efficientnet_b0', 'efficientnetv2_s'])
  for (const model of list) {
    for (const field of cardFields) assert.ok(field in model, `${model.model_name} has no ${field}`)
    assert.equal(model.params, model.parameters)
    assert.equal(model.input_size, model.default_image_size)
    assert.equal(model.pretrained, model.pretrained_available)
    assert.ok(Array.isArray(model.tags) && Array.isArray(model.task_types))
    assert.ok(!('use_cases' in model), 'long texts belong to the guide')
  }
  const first = list[0]
  assert.equal(first.params, '25.6M')
  assert.equal(first.input_size, 224)
  assert.deepEqual(await ask(200, 'GET', '/api/v1/models/list?framework=huggingface'), [])
  assert.deepEqual((await ask(200, 'GET', '/api/v1/models/list?priority=0')).map(model => model.priority),
    list.filter(model => model.priority === 0).map(() => 0))
})

test('with every service away the built-in definitions are shown', async () => {
  const lonely = await startServer(['--no_trainer'])
  try {
    const list = await expectCall(lonely, 200, 'GET', '/api/v1/models/list')
    assert.deepEqual(list.map(model => model.model_name), ['resnet50', 'efficientnet_b0', 'efficientnetv2_s', 'yolo11n',
      'yolo11n-seg', 'yolo11n-pose', 'yolo_world_v2_s', 'sam2_t'])
    assert.match(lonely.child.messages, /No Training Services available, using static model definitions/)
  } finally {
    await stopServer(lonely)
  }
})

test('models of a task, in both forms', async () => {
  for (const task of ['image_classification', 'classification']) {
    const answer = await call(server, 'GET', `/api/v1/models/list?task_type=${task}`)
    const names = answer.body.map(model => model.model_name)
    assert.ok(names.includes('resnet50') && names.includes('efficientnet_b0'))
    assert.equal(answer.headers.get('x-total-count'), String(names.length))
    for (const path of [`/api/v1/models/list?task_type=${task}&envelope=1`, `/api/v1/models?task_type=${task}`]) {
      const envelope = await ask(200, 'GET', path)
      assert.equal(envelope.total, names.length)
      assert.deepEqual(envelope.models.map(model => model.model_name), names)
    }
  }
  const guide = await ask(200, 'GET', '/api/v1/models/guide?framework=timm&model_name=resnet18')
  assert.ok(guide.use_cases.length && guide.pros.length && guide.cons.length && guide.when_to_use)
  const compared = await ask(200, 'GET', '/api/v1/models/compare?models=timm:resnet18,timm:resnet50')
  assert.equal(compared.count, 2)
  assert.equal((await ask(404, 'GET', '/api/v1/models/compare?models=timm:nobody')).detail,
    "Model 'nobody' not found in framework 'timm'")
})

/* --- making jobs ----------------------------------------------------------------------------- */

test('a job in the flat form', async () => {
  const body = flat(project, samples)
  const job = await ask(201, 'POST', '/api/v1/training/jobs', asOwner(body))
  for (const [key, value] of Object.entries(body)) assert.deepEqual(job[key], value, key)
  for (const key of ['num_classes', 'accuracy', 'loss', 'started_at', 'completed_at', 'error_message'])
    assert.equal(job[key], null, key)
  assert.equal(job.status, 'pending')
  assert.match(job.output_dir, new RegExp(`^outputs/${project}/\\d{8}_\\d{6}_resnet18(_\\d+)?$`))
  assert.match(job.created_at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/)
  assert.deepEqual((await readdir(join(server.data, job.output_dir))).sort(), ['checkpoints', 'logs', 'results'])
})

test('what does not fit is refused in the words of the contract and leaves nothing', async () => {
  const count = async () => (await call(server, 'GET', `/api/v1/projects/${project}/experiments`, { token })).body.length
  const folders = async () => (await readdir(join(server.data, 'outputs', String(project)))).length
  const before = [await count(), await folders()]
  const epochs = 'Epochs must be between 1 and 1000'
  const batch = 'Batch size must be between 1 and 512'
  const rate = 'Learning rate must be between 0 and 1'
  const cases = [
    [404, 'Project not found', { project_id: 999 }],
    [400, `Dataset not found: ${nothing}`, { dataset_path: nothing }],
    [400, 'Dataset not found: /etc', { dataset_path: '/etc' }],
    [400, `Dataset not found: ${samples}/../../..`, { dataset_path: `${samples}/../../..` }],
    [400, epochs, { epochs: 0 }], [400, epochs, { epochs: 1001 }],
    [400, batch, { batch_size: 0 }], [400, batch, { batch_size: 513 }],
    [400, rate, { learning_rate: 0 }], [400, rate, { learning_rate: 1.5 }],
    [400, "Model 'resnet19' not found in framework 'timm'", { model_name: 'resnet19' }],
    [400, "Model 'resnet18' does not support the task 'object_detection'", { task_type: 'detection' }],
  ]
  for (const [status, detail, change] of cases) {
    const answer = await ask(status, 'POST', '/api/v1/training/jobs', asOwner({ ...flat(project, samples), ...change }))
    assert.equal(answer.detail, detail)
    const { project_id, ...config } = { ...flat(project, samples), ...change }
    const nested = await ask(status, 'POST', '/api/v1/training/jobs', asOwner({ project_id, config }))
    assert.equal(nested.detail, detail)
  }
  const foreign = await call(server, 'POST', '/api/v1/training/jobs', { token: stranger, body: flat(project, samples) })
  assert.deepEqual([foreign.status, foreign.body.detail], [404, 'Project not found'])
  for (const wrong of [{ epochs: 'many' }, { dataset_format: 'tar' }, { pretrained: 'yes please' }, { tags: 'x' }]) {
    const answer = await ask(422, 'POST', '/api/v1/training/jobs', asOwner({ ...flat(project, samples), ...wrong }))
    assert.deepEqual(answer.detail[0].loc, ['body', Object.keys(wrong)[0]])
  }
  assert.deepEqual([await count(), await folders()], before)
})

test('the schema of settings, its values and presets', async () => {
  const answer = await ask(200, 'GET', '/api/v1/training/config-schema?framework=timm&task_type=image_classification')
  const field = name => answer.schema.fields.find(one => one.name === name)
  const values = name => field(name).options.map(option => option.value)
  assert.equal(field('optimizer.type').default, 'adamw')
  assert.ok(['adam', 'adamw', 'sgd'].every(value => values('optimizer.type').includes(value)))
  assert.deepEqual([field('optimizer.learning_rate').default, field('optimizer.learning_rate').min,
    field('optimizer.learning_rate').max, field('optimizer.learning_rate').step], [0.001, 1e-6, 1, 1e-5])
  assert.equal(field('scheduler.type').default, 'cosine')
  assert.ok(['cosine', 'step', 'none'].every(value => values('scheduler.type').includes(value)))
  assert.ok(answer.presets.basic && answer.presets.standard)
  for (const hidden of ['output_dir', 'dataset_path', 'weights_dir', 'checkpoint_path']) assert.equal(field(hidden), undefined)
  await ask(404, 'GET', '/api/v1/training/config-schema?framework=nothing')
  await ask(422, 'GET', '/api/v1/training/config-schema')
  const lonely = await startServer(['--no_trainer'])
  try {
    const away = await expectCall(lonely, 503, 'GET', '/api/v1/training/config-schema?framework=timm')
    assert.match(away.detail, /^Training Service unavailable: /)
  } finally {
    await stopServer(lonely)
  }
  const cut = await startServer([], { environment: { TIMM_SERVICE_URL: 'http://127.0.0.1:9' } })
  try {
    const away = await expectCall(cut, 503, 'GET', '/api/v1/training/config-schema?framework=timm')
    assert.equal(away.detail, 'Training Service unavailable: the training service for timm cannot be reached')
  } finally {
    await stopServer(cut)
  }
})

test('a job in the nested form, on an uploaded dataset', async () => {
  const dataset = await upload(server, token, project, samples)
  const body = id => ({
    session_id: 1, project_id: project, experiment_name: 'ResNet-50 Experiment', tags: ['baseline'],
    notes: 'Initial training',
    config: { framework: 'timm', model_name: 'resnet50', task_type: 'image_classification', dataset_id: id,
      dataset_format: 'dice', num_classes: 10, epochs: 50, batch_size: 32, learning_rate: 0.001,
      advanced_config: { optimizer: { type: 'adamw' } } },
  })
  const job = await ask(201, 'POST', '/api/v1/training/jobs', asOwner(body(dataset.id)))
  assert.equal(job.dataset_id, dataset.id)
  assert.equal(job.dataset_path, dataset.id)
  assert.deepEqual([job.primary_metric, job.primary_metric_mode, job.status], ['accuracy', 'max', 'pending'])
  assert.deepEqual([job.session_id, job.experiment_name, job.tags, job.notes, job.num_classes],
    [1, 'ResNet-50 Experiment', ['baseline'], 'Initial training', 10])
  assert.deepEqual(job.advanced_config, { optimizer: { type: 'adamw' } })
  const path = join(server.data, dataset.storage_path)
  await ask(201, 'POST', '/api/v1/training/jobs', asOwner(flat(project, path)))
  const { id: theirs } = await expectCall(server, 201, 'POST', '/api/v1/projects', { token: stranger, body: { name: 'p' } })
  for (const [status, body] of [[400, flat(theirs, path)], [404, { ...flat(theirs), dataset_id: dataset.id }]])
    await expectCall(server, status, 'POST', '/api/v1/training/jobs', { token: stranger, body })
  const unknown = await ask(404, 'POST', '/api/v1/training/jobs', asOwner(body('7139e0bd-f7e0-43c4-b197-e1711e856d24')))
  assert.equal(unknown.detail, 'Dataset not found')
})

test('the final configurations of the seeds fit, and every field that does not is named', async () => {
  const seeds = {
    optimizer: { type: 'adamw', learning_rate: 0.001, weight_decay: 0.01, betas: [0.9, 0.999] },
    scheduler: { type: 'cosine', T_max: 50, eta_min: 1e-6 },
    augmentation: { enabled: true, random_flip: true, random_flip_prob: 0.5 },
    mixed_precision: true, gradient_clip_value: 1.0,
  }
  const job = await ask(201, 'POST', '/api/v1/training/jobs',
    asOwner({ ...flat(project, samples), advanced_config: seeds }))
  assert.deepEqual(job.advanced_config, seeds)
  const wrong = { optimizer: { type: 'adamm', learning_rate: 7 }, nonsense: 1, output_dir: '/etc', mixed_precision: 'on' }
  const answer = await ask(422, 'POST', '/api/v1/training/jobs',
    asOwner({ ...flat(project, samples), advanced_config: wrong }))
  assert.deepEqual(answer.detail.map(problem => problem.loc[1]).sort(), ['advanced_config.mixed_precision',
    'advanced_config.nonsense', 'advanced_config.optimizer.learning_rate', 'advanced_config.optimizer.type',
    'advanced_config.output_dir'])
})

/* --- projects and their experiments ---------------------------------------------------------- */

test('a project, and that foreign ones do not show', async () => {
  const mine = await ask(200, 'GET', `/api/v1/projects/${project}`, { token })
  assert.deepEqual([mine.id, mine.name, mine.description], [project, 'Dog vs Cat', 'Classification project'])
  assert.ok(mine.created_at && mine.updated_at)
  for (const path of ['', '/experiments', '/members']) {
    const answer = await call(server, 'GET', `/api/v1/projects/${project}${path}`, { token: stranger })
    assert.deepEqual([answer.status, answer.body.detail], [404, 'Project not found'])
  }
  await ask(401, 'GET', `/api/v1/projects/${project}`)
})

test('experiments, newest first, by pages and status, rows put in by hand included', async () => {
  const listing = (await expectCall(server, 201, 'POST', '/api/v1/projects', { token, body: { name: 'Listing' } })).id
  const db = await Database.open(join(server.data, 'vision_platform.db'))
  const insert = (model, status, accuracy, loss, error, created) => db.run(
    `INSERT INTO training_jobs (project_id, model_name, framework, task_type, dataset_path, epochs, batch_size,
       learning_rate, status, accuracy, loss, error_message, created_at)
     VALUES (${listing}, '${model}', 'timm', 'classification', '/data', 50, 32, 0.001, '${status}', ${accuracy}, ${loss},
       ${error ? `'${error}'` : 'NULL'}, '${created}')`)
  await insert('efficientnetv2_s', 'completed', 0.92, 0.156, null, '2024-01-15 10:00:00')
  await insert('resnet50', 'failed', 'NULL', 'NULL', 'CUDA out of memory', '2024-01-16 10:00:00')
  await insert('yolo11n', 'completed', 0.89, 0.234, null, '2024-01-17 10:00:00')
  await insert('yolo11n-seg', 'running', 'NULL', 'NULL', null, '2024-01-18 15:30:00')
  const path = `/api/v1/projects/${listing}/experiments`
  const rows = await ask(200, 'GET', path, { token })
  assert.deepEqual(rows.map(row => row.model_name), ['yolo11n-seg', 'yolo11n', 'resnet50', 'efficientnetv2_s'])
  assert.deepEqual(rows.map(row => row.accuracy), [null, 0.89, null, 0.92])
  assert.deepEqual(rows.map(row => row.error_message), [null, null, 'CUDA out of memory', null])
  assert.equal(rows[3].created_at, '2024-01-15T10:00:00.000Z')
  for (let i = 0; i < 26; i++) await insert('more', 'completed', 0.5, 0.5, null, `2023-01-${String(i + 1).padStart(2, '0')} 00:00:00`)
  const second = await call(server, 'GET', `${path}?page=2&per_page=20`, { token })
  assert.equal(second.body.length, 10)
  assert.equal(second.headers.get('x-total-count'), '30')
  assert.equal(second.body[0].created_at.slice(0, 10), '2023-01-10')
  const running = await call(server, 'GET', `${path}?status=running`, { token })
  assert.deepEqual(running.body.map(row => row.model_name), ['yolo11n-seg'])
  assert.equal(running.headers.get('x-total-count'), '1')
  await db.run(`DELETE FROM training_jobs WHERE project_id = ${listing}`)
})

/* --- datasets -------------------------------------------------------------------------------- */

test('a dataset of many files with their paths', async () => {
  const form = new FormData()
  for (const [key, value] of Object.entries({ name: 'My Dataset', format: 'dice', visibility: 'private',
    project_id: String(project) })) form.append(key, value)
  let files = 0, bytes = 0
  for (const path of await readdir(samples, { recursive: true })) {
    if (!path.endsWith('.jpg')) continue
    const content = await readFile(join(samples, path))
    form.append('files', new Blob([content]), path)
    files++
    bytes += content.length
  }
  const response = await fetch(`${server.url}/api/v1/datasets`,
    { method: 'POST', headers: { Authorization: `Bearer ${token}` }, body: form })
  const dataset = await response.json()
  assert.equal(response.status, 201, JSON.stringify(dataset))
  assert.match(dataset.id, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  assert.deepEqual([dataset.file_count, dataset.total_size_bytes, dataset.num_classes, dataset.storage_path],
    [files, bytes, 2, `datasets/${dataset.id}/`])
  assert.equal(Object.values(dataset.class_distribution).reduce((a, b) => a + b), files)
  assert.deepEqual((await readdir(join(server.data, dataset.storage_path))).sort(), ['train', 'val'])
  const list = await ask(200, 'GET', `/api/v1/datasets?project_id=${project}`, { token })
  assert.ok(list.datasets.some(one => one.id === dataset.id) && list.total >= 1)
  assert.deepEqual((await readdir(join(server.data, 'uploads'))), [])
})

/* --- running --------------------------------------------------------------------------------- */

test('start, start again, unknown, refused; what the engine is told', async () => {
  const job = await ask(201, 'POST', '/api/v1/training/jobs', asOwner({ ...flat(project, samples), epochs: 200,
    advanced_config: { image_size: 32, threads: 1 } }))
  const started = await ask(200, 'POST', `/api/v1/training/jobs/${job.id}/start`, { token })
  assert.equal(started.status, 'running')
  assert.equal(started.job_id, job.id)
  assert.ok(started.started_at && started.message)
  const again = await ask(400, 'POST', `/api/v1/training/jobs/${job.id}/start`, { token })
  assert.equal(again.detail, 'Cannot start job with status: running')
  const unknown = await ask(404, 'POST', '/api/v1/training/jobs/99999/start', { token })
  assert.equal(unknown.detail, 'Training job not found')
  const pid = await until(async () => (await call(server, 'GET', `/api/v1/training/jobs/${job.id}`, { token })).body.process_id
    ?? (await run('pgrep', ['-f', `job_id.${job.id} .*|--job_id=${job.id}`]).catch(() => ({ stdout: '' }))).stdout.split('\n')[0])
  const line = await until(() => commandLine(pid))
  for (const [flag, value] of [['--framework', 'timm'], ['--task_type', 'image_classification'],
    ['--model_name', 'resnet18'], ['--dataset_path', samples], ['--dataset_format', 'imagefolder'], ['--epochs', '200'],
    ['--batch_size', '16'], ['--learning_rate', '0.01'], ['--job_id', String(job.id)]]) {
    const at = line.indexOf(flag)
    assert.ok(at > 0 ? line[at + 1] === value : line.includes(`${flag}=${value}`), `${flag} ${value} in ${line}`)
  }
  assert.ok(!line.some(word => word.startsWith('--num_classes')), 'unknown classes are left out')
  const stopped = await ask(200, 'POST', `/api/v1/training/stop/${job.id}`, { token })
  assert.equal(stopped.status, 'stopped')
  await until(async () => !(await access(`/proc/${pid}`).then(() => true, () => false)))

  const lonely = await startServer(['--no_trainer'])
  try {
    const other = await login(lonely, 'a@example.com')
    const db = await Database.open(join(lonely.data, 'vision_platform.db'))
    const { id } = await expectCall(lonely, 201, 'POST', '/api/v1/projects', { token: other, body: { name: 'p' } })
    await db.run(`INSERT INTO training_jobs (project_id, model_name, framework, task_type, dataset_path)
      VALUES (${id}, 'resnet18', 'timm', 'image_classification', '/data')`)
    const refused = await expectCall(lonely, 500, 'POST', '/api/v1/training/jobs/1/start', { token: other })
    assert.equal(refused.detail, 'Failed to start training')
    assert.match(refused.reason, /no training service for framework 'timm'/)
    assert.equal((await expectCall(lonely, 200, 'GET', '/api/v1/training/jobs/1', { token: other })).status, 'pending')
  } finally {
    await stopServer(lonely)
  }
})

test('the callback, its secret and its row', async () => {
  const job = await ask(201, 'POST', '/api/v1/training/jobs', asOwner(flat(project, samples)))
  const data = { epoch: 10, loss: 0.45, accuracy: 0.85, learning_rate: 0.0008, extra_metrics: { val_loss: 0.5, precision: 0.84 } }
  const body = { job_id: job.id, event: 'epoch_complete', data }
  for (const headers of [{}, { 'X-Internal-Auth': 'wrong' }, { 'X-Internal-Auth': '' }]) {
    const refused = await ask(403, 'POST', '/api/v1/internal/training/callback', { headers, body })
    assert.equal(refused.detail, 'Forbidden')
  }
  await report(server, job.id, 'epoch_complete', data)
  await report(server, job.id, 'an_event_of_the_future', { anything: 1 })
  const rows = await ask(200, 'GET', `/api/v1/training/jobs/${job.id}/metrics`, { token })
  assert.equal(rows.length, 1)
  assert.deepEqual([rows[0].epoch, rows[0].loss, rows[0].accuracy, rows[0].learning_rate, rows[0].extra_metrics],
    [10, 0.45, 0.85, 0.0008, { val_loss: 0.5, precision: 0.84 }])
  const series = await ask(200, 'GET', `/api/v1/training/jobs/${job.id}/metrics?names=val_loss,accuracy`, { token })
  assert.deepEqual(series.series.map(one => one.last), [[0.5], [0.85]])
})

test('train, predict with the best checkpoint, then with the latest', async () => {
  const job = await ask(201, 'POST', '/api/v1/training/jobs', asOwner({ ...flat(project, samples), epochs: 1,
    learning_rate: 0.001, advanced_config: { image_size: 32, threads: 1 } }))
  await ask(200, 'POST', `/api/v1/training/jobs/${job.id}/start`, { token })
  const done = await until(async () => {
    const now = (await call(server, 'GET', `/api/v1/training/jobs/${job.id}`, { token })).body
    assert.notEqual(now.status, 'failed', now.error_message)
    return now.status === 'completed' && now
  })
  assert.equal(done.num_classes, 2)
  assert.ok(done.accuracy >= 0 && done.accuracy <= 1 && done.loss > 0 && done.completed_at)
  const image = join(samples, (await readdir(samples, { recursive: true })).find(path => /^val.*jpg$/.test(path)))
  const predict = async (id, fields = {}) => {
    const form = new FormData()
    form.append('file', new Blob([await readFile(image)]), 'test.jpg')
    for (const [key, value] of Object.entries({ training_job_id: String(id), ...fields })) form.append(key, value)
    const response = await fetch(`${server.url}/api/v1/test-inference`,
      { method: 'POST', headers: { Authorization: `Bearer ${token}` }, body: form })
    return { status: response.status, body: await response.json() }
  }
  const first = await predict(job.id, { confidence_threshold: '0.25', top_k: '5' })
  assert.equal(first.status, 200, JSON.stringify(first.body))
  const rows = first.body.predictions
  assert.equal(rows.length, 2, 'k is clamped to the classes')
  assert.ok(rows[0].confidence >= rows[1].confidence && Math.abs(rows[0].confidence + rows[1].confidence - 1) < 1e-5)
  assert.ok(rows.every(row => typeof row.label === 'string' && Number.isInteger(row.label_id)))
  assert.deepEqual([first.body.task_type, first.body.model_name], ['image_classification', 'resnet18'])
  assert.ok(first.body.inference_time_ms > 0)
  assert.deepEqual([(await predict(99999)).status, (await predict(99999)).body.detail], [404, 'Training job not found'])
  const db = await Database.open(join(server.data, 'vision_platform.db'))
  await db.run(`UPDATE training_jobs SET best_checkpoint_path = NULL WHERE id = ${job.id}`)
  assert.equal((await predict(job.id)).status, 200)
  const past = await ask(200, 'GET', `/api/v1/training/jobs/${job.id}/inferences`, { token })
  assert.equal(past.total, 2)
  assert.deepEqual(past.inferences[1].predictions, rows)
  assert.deepEqual([past.inferences[1].id, past.inferences[1].image_name], [first.body.inference_id, 'test.jpg'])
  const kept = await fetch(server.url + first.body.image_url, { headers: { Authorization: `Bearer ${token}` } })
  assert.deepEqual(Buffer.from(await kept.arrayBuffer()), await readFile(image))
  assert.ok(!('inference_id' in (await predict(job.id, { keep: 'false' })).body))
  const form = new FormData()
  form.append('file', new Blob(['no image']), 'x.jpg')
  form.append('training_job_id', String(job.id))
  const bad = await fetch(`${server.url}/api/v1/test-inference`,
    { method: 'POST', headers: { Authorization: `Bearer ${token}` }, body: form })
  assert.equal(bad.status, 400)
  assert.deepEqual(await readdir(join(server.data, 'tmp')), [])
  const { checkpoints } = await ask(200, 'GET', `/api/v1/training/jobs/${job.id}/checkpoints`, { token })
  const best = checkpoints.find(one => one.is_best)
  const file = await fetch(server.url + best.download_url, { headers: { Authorization: `Bearer ${token}` } })
  assert.equal((await file.arrayBuffer()).byteLength, best.size_bytes)
  const validation = await ask(200, 'GET', `/api/v1/validation/jobs/${job.id}/results/1`, { token })
  assert.equal(validation.confusion_matrix.flat().reduce((a, b) => a + b), 20)
  const images = await ask(200, 'GET', `/api/v1/validation/jobs/${job.id}/results/1/images?limit=3`, { token })
  assert.deepEqual([images.total_count, images.images.length], [20, 3])
  const picture = await fetch(server.url + images.images[0].image_url, { headers: { Authorization: `Bearer ${token}` } })
  assert.equal(picture.headers.get('content-type'), 'image/jpeg')
})
