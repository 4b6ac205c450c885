/* detectors.test.mjs - the contract's fixtures for yolo11n, yolo11n-seg and yolo11n-pose over HTTP,
 * on drawn shapes. */

import assert from 'node:assert/strict'
import { access, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { io } from 'socket.io-client'
import { Database } from './sqlite.mjs'
import { call, commandLine, expectCall, login, readDescription, report, sampleDataset, startServer, stopServer, until, upload }
  from './support.mjs'

const size = 64
const common = ['train_box_loss', 'train_cls_loss', 'train_dfl_loss', 'val_box_loss', 'val_cls_loss', 'val_dfl_loss',
  'loss', 'val_loss', 'accuracy', 'learning_rate']
const scores = kind => ['precision', 'recall', 'mAP50', 'mAP50-95'].map(name => name + kind)

const families = [
  { model: 'yolo11n', task: 'object_detection', metric: 'mAP50', params: '2.6M', series: [...common, ...scores('')] },
  { model: 'yolo11n-seg', task: 'instance_segmentation', metric: 'mAP50(M)', params: '2.9M',
    series: [...common, 'train_seg_loss', 'val_seg_loss', ...scores('(B)'), ...scores('(M)')] },
  { model: 'yolo11n-pose', task: 'pose_estimation', metric: 'mAP50(P)',
    series: [...common, 'train_pose_loss', 'train_kobj_loss', 'val_pose_loss', 'val_kobj_loss', ...scores('(B)'),
      ...scores('(P)'), 'OKS', 'PCK'] },
]

const flat = (family, path) => ({
  project_id: project, model_name: family.model, framework: 'ultralytics', task_type: family.task, dataset_path: path,
  dataset_format: 'yolo', epochs: 50, batch_size: 16, learning_rate: 0.01, optimizer: 'adam', pretrained: true,
})

let server, token, project, described, shapes
const folders = {}

before(async () => {
  server = await startServer()
  token = await login(server, 'owner@example.com')
  shapes = await sampleDataset(join(server.data, 'samples', 'shapes'), { train: 3, val: 2 })
  for (const { task } of families)
    folders[task] = await sampleDataset(join(server.data, 'samples', task), { task, train: 4, val: 2, size })
  project = (await expectCall(server, 201, 'POST', '/api/v1/projects', { token, body: { name: 'Objects' } })).id
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
const jobNow = async id => (await call(server, 'GET', `/api/v1/training/jobs/${id}`, { token })).body

async function uploaded(folder, name, format) {
  const { id } = await upload(server, token, project, folder, name, format)
  return until(async () => {
    const now = await ask(200, 'GET', `/api/v1/datasets/${id}`, { token })
    return now.status !== 'analyzing' && now
  })
}

/* --- models and data ------------------------------------------------------------------------- */

test('the three models of the family come first, in their order', async () => {
  const list = await ask(200, 'GET', '/api/v1/models/list?framework=ultralytics')
  assert.deepEqual(list.slice(0, 3).map(model => model.model_name), families.map(family => family.model))
  assert.deepEqual(list.slice(0, 3).map(model => model.task_types), families.map(family => [family.task]))
  assert.equal(list[0].display_name, 'YOLOv11 Nano (Detection)')
  assert.equal(list[0].input_size, 640)
  assert.equal(list[0].params, families[0].params)
})

for (const family of families) {
  test(`a dataset for ${family.model} of many files with their paths`, async () => {
    const form = new FormData()
    for (const [key, value] of Object.entries({ name: 'My Dataset', format: 'yolo', visibility: 'private',
      project_id: String(project) })) form.append(key, value)
    let files = 0, bytes = 0
    for (const path of await readdir(folders[family.task], { recursive: true })) {
      if (!/\.\w+$/.test(path)) continue
      const content = await readFile(join(folders[family.task], path))
      form.append('files', new Blob([content]), path)
      files++
      bytes += content.length
    }
    const response = await fetch(`${server.url}/api/v1/datasets?wait=1`,
      { method: 'POST', headers: { Authorization: `Bearer ${token}` }, body: form })
    const dataset = await response.json()
    assert.equal(response.status, 201, JSON.stringify(dataset))
    assert.deepEqual([dataset.status, dataset.task_type, dataset.detected_format, dataset.num_classes, dataset.num_images],
      ['ready', family.task, 'yolo', 2, 6])
    assert.deepEqual([dataset.file_count, dataset.total_size_bytes], [files, bytes])
    assert.deepEqual((await readdir(join(server.data, dataset.storage_path))).sort(), ['data.yaml', 'images', 'labels'])
    const objects = Object.values(dataset.object_distribution).reduce((a, b) => a + b)
    assert.equal(objects, dataset.num_objects)

    const page = await ask(200, 'GET', `/api/v1/datasets/${dataset.id}/annotations?limit=4`, { token })
    assert.deepEqual([page.total, page.images.length, page.class_names.length], [6, 4, 2])
    for (const { true_boxes: boxes, width, height } of page.images) {
      assert.deepEqual([width, height], [size, size])
      for (const box of boxes) {
        assert.equal(box.label, page.class_names[box.class_id])
        assert.ok(box.bbox.length === 4 && box.bbox.every(side => side >= -0.1 && side <= size + 0.1))
        assert.equal('polygons' in box, family.task === 'instance_segmentation')
        assert.equal('keypoints' in box, family.task === 'pose_estimation')
      }
    }
    const images = await ask(200, 'GET', `/api/v1/datasets/${dataset.id}/images?limit=1`, { token })
    const thumbnail = await fetch(server.url + images.images[0].thumbnail_url, { headers: { Authorization: `Bearer ${token}` } })
    assert.equal(thumbnail.headers.get('content-type'), 'image/jpeg')
    await ask(200, 'GET', `/api/v1/datasets/${dataset.id}/report`, { token })
    await ask(200, 'GET', `/api/v1/datasets/${dataset.id}/fixes`, { token })
    await ask(200, 'GET', `/api/v1/datasets/${dataset.id}/split`, { token })
  })
}

/* --- making jobs ----------------------------------------------------------------------------- */

const jobKeys = ['id', 'project_id', 'model_name', 'framework', 'task_type', 'dataset_path', 'dataset_format',
  'num_classes', 'epochs', 'batch_size', 'learning_rate', 'optimizer', 'output_dir', 'status', 'accuracy', 'loss',
  'created_at', 'updated_at', 'started_at', 'completed_at', 'error_message']

for (const family of families) {
  test(`a ${family.model} job in the flat form, and what is refused`, async () => {
    const body = flat(family, folders[family.task])
    const job = await ask(201, 'POST', '/api/v1/training/jobs', asOwner(body))
    for (const key of jobKeys) assert.ok(key in job, key)
    for (const [key, value] of Object.entries(body)) assert.deepEqual(job[key], value, key)
    for (const key of ['num_classes', 'accuracy', 'loss', 'started_at', 'completed_at', 'error_message'])
      assert.equal(job[key], null, key)
    assert.equal(job.status, 'pending')
    assert.equal(job.primary_metric, family.metric)
    assert.match(job.output_dir, new RegExp(`^outputs/${project}/\\d{8}_\\d{6}_${family.model}(_\\d+)?$`))
    assert.deepEqual((await readdir(join(server.data, job.output_dir))).sort(), ['checkpoints', 'logs', 'results'])

    const count = async () => (await call(server, 'GET', `/api/v1/projects/${project}/experiments`, { token })).body.length
    const before = await count()
    const nothing = '/app/datasets/nothing-is-here'
    for (const [status, detail, change] of [
      [404, 'Project not found', { project_id: 999 }],
      [400, `Dataset not found: ${nothing}`, { dataset_path: nothing }],
      [400, 'Epochs must be between 1 and 1000', { epochs: 0 }],
      [400, 'Epochs must be between 1 and 1000', { epochs: 1001 }],
      [400, 'Batch size must be between 1 and 512', { batch_size: 0 }],
      [400, 'Batch size must be between 1 and 512', { batch_size: 513 }],
      [400, 'Learning rate must be between 0 and 1', { learning_rate: 0 }],
      [400, 'Learning rate must be between 0 and 1', { learning_rate: 1.5 }],
      [400, `Model '${family.model}' not found in framework 'timm'`, { framework: 'timm' }],
      [400, `Model '${family.model}' does not support the task 'image_classification'`, { task_type: 'classification' }],
      [400, `The dataset format 'imagefolder' has no labels for the task '${family.task}': use yolo, coco, dice or voc`,
        { dataset_format: 'imagefolder' }],
    ]) {
      const answer = await ask(status, 'POST', '/api/v1/training/jobs', asOwner({ ...body, ...change }))
      assert.equal(answer.detail, detail)
    }
    assert.equal(await count(), before)
  })
}

test('what belongs to the job does not stand in advanced_config, by no name', async () => {
  const [family] = families
  const answer = await ask(422, 'POST', '/api/v1/training/jobs', asOwner({ ...flat(family, folders[family.task]),
    advanced_config: { batch: 4, lr: 0.1, imgsz: 1 << 20 } }))
  assert.deepEqual(answer.detail.map(problem => problem.loc[1]).sort(),
    ['advanced_config.batch', 'advanced_config.imgsz', 'advanced_config.lr'])
})

test('a setting under two of its names at once is refused', async () => {
  const [family] = families
  const answer = await ask(422, 'POST', '/api/v1/training/jobs', asOwner({ ...flat(family, folders[family.task]),
    advanced_config: { imgsz: 64, image_size: 96 } }))
  assert.match(answer.detail[0].msg, /is given twice, as (imgsz|image_size) too/)
})

test('model and dataset have to be of one task', async () => {
  const sets = {}
  for (const { task } of families) sets[task] = await uploaded(folders[task], task, 'auto')
  const classes = await uploaded(shapes, 'classes', 'imagefolder')
  const make = (family, dataset) => call(server, 'POST', '/api/v1/training/jobs', asOwner({ project_id: project, config: {
    framework: family.framework ?? 'ultralytics', model_name: family.model, task_type: family.task, dataset_id: dataset.id,
    epochs: 1, batch_size: 2, learning_rate: 0.01 } }))
  const resnet = { framework: 'timm', model: 'resnet18', task: 'image_classification' }
  const refused = async (family, dataset) => {
    const answer = await make(family, dataset)
    assert.deepEqual([answer.status, answer.body.detail], [400,
      `The dataset '${dataset.name}' is for the task '${dataset.task_type}': model '${family.model}' is to be trained for '${family.task}'`])
  }
  for (const family of families) {
    await refused(resnet, sets[family.task])
    await refused(family, classes)
    const made = await make(family, sets[family.task])
    assert.deepEqual([made.status, made.body.dataset_format], [201, 'yolo'], JSON.stringify(made.body))
    assert.equal((await make(families[0], sets[family.task])).status, 201, 'outlines and key points have boxes')
  }
  await refused(families[1], sets.object_detection)
  await refused(families[2], sets.instance_segmentation)
})

/* --- running --------------------------------------------------------------------------------- */

test('experiments of the family are listed with their accuracies', async () => {
  const listing = (await expectCall(server, 201, 'POST', '/api/v1/projects', { token, body: { name: 'Listing' } })).id
  const db = await Database.open(join(server.data, 'vision_platform.db'))
  for (const [i, [family, status, accuracy]] of [[0, 'completed', 0.89], [1, 'running', null], [2, 'failed', null]].entries())
    await db.run(`INSERT INTO training_jobs (project_id, model_name, framework, task_type, dataset_path, status, accuracy,
      created_at) VALUES (${listing}, '${families[family].model}', 'ultralytics', '${families[family].task}', '/data',
      '${status}', ${accuracy ?? 'NULL'}, '2024-01-1${i} 10:00:00')`)
  const rows = await ask(200, 'GET', `/api/v1/projects/${listing}/experiments`, { token })
  assert.deepEqual(rows.map(row => [row.model_name, row.accuracy]),
    [['yolo11n-pose', null], ['yolo11n-seg', null], ['yolo11n', 0.89]])
  await db.run(`DELETE FROM training_jobs WHERE project_id = ${listing}`)
})

test('a callback of a detector becomes a row, series and a frame', async () => {
  const family = families[1]
  const job = await ask(201, 'POST', '/api/v1/training/jobs', asOwner(flat(family, folders[family.task])))
  const socket = io(server.url, { auth: { token }, forceNew: true })
  const frames = []
  socket.on('training_progress', frame => frames.push(frame))
  await new Promise(resolve => socket.once('connect', resolve))
  const subscribed = new Promise(resolve => socket.once('subscribed', resolve))
  socket.emit('subscribe', `experiment:${job.id}`)
  await subscribed
  const extra = { train_box_loss: 1.5, train_seg_loss: 2.5, 'mAP50(B)': 0.7, 'mAP50(M)': 0.6, 'mAP50-95(M)': 0.4 }
  await report(server, job.id, 'epoch_complete',
    { epoch: 10, loss: 5.5, accuracy: 0.6, learning_rate: 0.0008, extra_metrics: extra })
  const rows = await ask(200, 'GET', `/api/v1/training/jobs/${job.id}/metrics`, { token })
  assert.deepEqual([rows[0].epoch, rows[0].loss, rows[0].accuracy, rows[0].extra_metrics], [10, 5.5, 0.6, extra])
  const names = Object.keys(extra).map(encodeURIComponent).join(',')
  const { series } = await ask(200, 'GET', `/api/v1/training/jobs/${job.id}/metrics?names=${names}`, { token })
  assert.deepEqual(Object.fromEntries(series.map(one => [one.name, one.last[0]])), extra)
  const frame = await until(() => frames[0])
  assert.deepEqual([frame.experiment_id, frame.epoch, frame.loss, frame.accuracy], [job.id, 10, 5.5, 0.6])
  assert.deepEqual(frame.data.extra_metrics, extra)
  socket.disconnect()
})

const shapesOf = {
  object_detection: () => {},
  instance_segmentation: answer => {
    assert.equal(answer.num_instances, answer.predicted_masks.length)
    assert.equal(answer.num_instances, answer.num_detections)
    for (const mask of answer.predicted_masks) assert.ok(Array.isArray(mask.polygon) && mask.rle.size.length === 2)
  },
  pose_estimation: answer => {
    assert.equal(answer.num_persons, answer.predicted_keypoints.length)
    assert.equal(answer.num_persons, answer.num_detections)
    for (const { keypoints } of answer.predicted_keypoints)
      assert.ok(keypoints.length && keypoints.every((point, i) => point.keypoint_id === i && point.confidence <= 1))
  },
}

/* Requirements, 9.2: boxes in pixels of the image, best first. */
function checkAnswer(family, answer) {
  assert.equal(answer.task_type, family.task)
  assert.equal(answer.model_name, family.model)
  assert.ok(answer.predictions.length > 0 && answer.inference_time_ms > 0)
  assert.deepEqual([answer.image_width, answer.image_height, answer.unit], [size, size, 'pixel'])
  assert.equal(answer.num_detections, answer.predicted_boxes.length)
  for (const box of answer.predicted_boxes) {
    assert.ok(box.x1 >= 0 && box.y1 >= 0 && box.x2 <= size && box.y2 <= size && box.x1 <= box.x2)
    assert.ok(Math.abs(box.bbox[0] - (box.x1 + box.x2) / 2) < 0.01 && Math.abs(box.bbox[3] - (box.y2 - box.y1)) < 0.01)
    assert.ok(typeof box.label === 'string' && box.format === 'yolo')
  }
  const confidences = answer.predicted_boxes.map(box => box.confidence)
  assert.deepEqual(confidences, [...confidences].sort((a, b) => b - a))
  shapesOf[family.task](answer)
}

const mostDetections = 5

for (const family of families) {
  test(`${family.model} is trained and predicts`, { timeout: 300000 }, async () => {
    const body = { ...flat(family, folders[family.task]), epochs: 1, batch_size: 2, pretrained: false,
      advanced_config: { imgsz: size, val_interval: 1, threads: 1 } } // as the contract calls them
    const forecast = await ask(200, 'POST', '/api/v1/training/preflight', asOwner(body))
    assert.deepEqual([forecast.train_images, forecast.val_images, forecast.num_classes], [4, 2, 2])
    assert.ok(forecast.peak_memory_mb > 10)
    if (family === families[0]) {
      const [one] = await readdir(join(folders[family.task], 'images/train'))
      const other = await ask(200, 'POST', '/api/v1/training/preflight', asOwner({ ...body,
        split_strategy: { method: 'custom', custom_splits: { [`images/train/${one}`]: 'val' } } }))
      assert.deepEqual([other.train_images, other.val_images], [3, 3])
    }
    const job = await ask(201, 'POST', '/api/v1/training/jobs', asOwner(body))
    const started = await ask(200, 'POST', `/api/v1/training/jobs/${job.id}/start`, { token })
    assert.deepEqual([started.status, started.job_id], ['running', job.id])
    const line = await until(async () => {
      const { process_id: pid, status } = await jobNow(job.id)
      assert.notEqual(status, 'failed')
      return pid && commandLine(pid)
    })
    for (const [flag, value] of [['--framework', 'ultralytics'], ['--task_type', family.task], ['--model_name', family.model],
      ['--dataset_path', folders[family.task]], ['--dataset_format', 'yolo'], ['--epochs', '1'], ['--batch_size', '2'],
      ['--learning_rate', '0.01'], ['--job_id', String(job.id)]])
      assert.equal(line[line.indexOf(flag) + 1], value, `${flag} in ${line}`)
    const done = await until(async () => {
      const now = await jobNow(job.id)
      assert.notEqual(now.status, 'failed', now.error_message)
      return now.status === 'completed' && now
    })
    assert.equal(done.num_classes, 2)
    assert.ok(done.loss > 0 && done.accuracy >= 0 && done.accuracy <= 1)

    const names = family.series.map(encodeURIComponent).join(',')
    const { series } = await ask(200, 'GET', `/api/v1/training/jobs/${job.id}/metrics?names=${names}`, { token })
    assert.deepEqual(series.map(one => one.name).sort(), [...family.series].sort())
    const last = name => series.find(one => one.name === name).last[0]
    assert.deepEqual([last(family.metric), last('accuracy')], [done.accuracy, done.accuracy])
    const validation = await ask(200, 'GET', `/api/v1/validation/jobs/${job.id}/results/1`, { token })
    assert.deepEqual([validation.primary_metric_name, validation.primary_metric_value], [family.metric, done.accuracy])
    assert.deepEqual(Object.values(validation.pr_curves).map(curve => curve.recall.length), [101, 101])
    const images = await ask(200, 'GET', `/api/v1/validation/jobs/${job.id}/results/1/images`, { token })
    assert.equal(images.total_count, 2)
    assert.ok(images.images.every(image => image.objects.true_boxes.length > 0))
    const picture = await fetch(server.url + images.images[0].image_url, { headers: { Authorization: `Bearer ${token}` } })
    assert.equal(picture.headers.get('content-type'), 'image/jpeg')

    const image = join(folders[family.task], 'images/val', (await readdir(join(folders[family.task], 'images/val')))[0])
    const predict = async fields => {
      const form = new FormData()
      form.append('file', new Blob([await readFile(image)]), 'test.jpg')
      for (const [key, value] of Object.entries({ training_job_id: job.id, ...fields })) form.append(key, String(value))
      const response = await fetch(`${server.url}/api/v1/test-inference`,
        { method: 'POST', headers: { Authorization: `Bearer ${token}` }, body: form })
      const answer = { status: response.status, headers: response.headers, body: await response.json() }
      described.check('POST', '/api/v1/test-inference', answer)
      assert.equal(answer.status, 200, JSON.stringify(answer.body))
      checkAnswer(family, answer.body)
      return answer.body
    }
    const all = await predict({ confidence_threshold: 0, max_detections: mostDetections })
    assert.equal(all.num_detections, mostDetections)
    assert.equal((await predict({ confidence_threshold: 1 })).num_detections, 0)
    const db = await Database.open(join(server.data, 'vision_platform.db'))
    await db.run(`UPDATE training_jobs SET best_checkpoint_path = NULL WHERE id = ${job.id}`)
    assert.equal((await predict({ confidence_threshold: 0, max_detections: 1 })).num_detections, 1)
    const past = await ask(200, 'GET', `/api/v1/training/jobs/${job.id}/inferences`, { token })
    assert.equal(past.total, 3)
    assert.deepEqual(await readdir(join(server.data, 'tmp')), [])
    await access(join(server.data, job.output_dir, 'checkpoints/latest.safetensors'))
  })
}
