/* owned.mjs - a person who has one of everything, and what can be asked about it: the operations of the description
 * with requests that fit them. */

import assert from 'node:assert/strict'
import { mkdir, readdir, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Database } from './sqlite.mjs'
import { call, expectCall, report, until } from './support.mjs'

export const mark = 'ada-secret' /* is in all that is hers */

/* Bodies that fit, where one made from the schema does not. */
const bodies = {
  'POST /api/v1/projects/{project_id}/members': { email: 'bob@example.com', role: 'admin' },
  'PUT /api/v1/projects/{project_id}/members/{user_id}': { role: 'viewer' },
  'PATCH /api/v1/projects/{project_id}/members/{user_id}': { role: 'viewer' },
  'POST /api/v1/projects/{project_id}/invitations': { role: 'admin' },
  'POST /api/v1/projects/{project_id}/clean-up': { keep: 'none' },
  'PATCH /api/v1/admin/users/{user_id}/role': { system_role: 'guest' },
  'POST /api/v1/datasets/{dataset}/fixes': { ids: 'all' },
}

function sampleOf(schema) {
  const type = [schema.type ?? 'object'].flat()[0]
  const samples = { string: schema.enum?.find(Boolean) ?? 'x', integer: 1, number: 1, boolean: true, array: [] }
  if (type !== 'object') return samples[type]
  return Object.fromEntries((schema.required ?? []).map(name => [name, sampleOf(schema.properties[name])]))
}

export function requestOf({ method, path, operation }) {
  const content = operation.requestBody?.content ?? {}
  const form = () => {
    const data = new FormData()
    data.append('files', new Blob(['x']), 'a/new.png')
    return data
  }
  if (content['application/json'])
    return { body: bodies[`${method} ${path}`] ?? sampleOf(content['application/json'].schema) }
  if (content['multipart/form-data']) return { form: form() }
  if (content['application/octet-stream']) return { bytes: Buffer.from('x') }
  return {}
}

export async function ask(server, method, path, token, { body, form, bytes } = {}) {
  if (!form && !bytes) return call(server, method, path, { token, body })
  const response = await fetch(server.url + path,
    { method, body: form ?? bytes, headers: token ? { Authorization: `Bearer ${token}` } : {} })
  return { status: response.status, body: JSON.parse(await response.text()) }
}

/* Files and folders, but for those that the janitor is about to remove, while we look too. */
async function walk(folder, name = '') {
  const found = []
  for (const entry of await readdir(join(folder, name), { withFileTypes: true }).catch(() => [])) {
    const path = join(name, entry.name)
    if (path === 'tmp' || path.startsWith('vision_platform.db') || entry.name.startsWith('dead-')) continue
    if (entry.isDirectory()) found.push(`${path}/`, ...await walk(folder, path))
    else found.push(`${path} ${(await stat(join(folder, path)).catch(() => ({ size: 'gone' }))).size}`)
  }
  return found
}

/* Every row and file. */
export async function everything(server) {
  const database = await Database.open(join(server.data, 'vision_platform.db'))
  return [...(await database.run('.dump')).split('\n'), ...await walk(server.data)]
}

/* An answer is out before what it has used is thrown away. */
export async function assertUnchanged(server, state, seconds = 5) {
  let changes
  for (const end = Date.now() + 1000 * seconds; Date.now() < end;) {
    const now = await everything(server)
    changes = [state.filter(line => !now.includes(line)), now.filter(line => !state.includes(line))]
    if (!changes.flat().length) return
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  assert.deepEqual(changes, [[], []])
}

/* What stands for the parameters of paths, by their names. */
export async function makeAll(server, ada) {
  const user = await expectCall(server, 200, 'GET', '/api/v1/auth/me', { token: ada })
  const asAda = (path, body) => expectCall(server, 201, 'POST', path, { token: ada, body })
  const project = await asAda('/api/v1/projects', { name: mark, description: mark })
  const folder = join(server.data, 'samples', mark)
  await mkdir(join(folder, 'a'), { recursive: true })
  await mkdir(join(folder, 'b'), { recursive: true })
  const job = await asAda('/api/v1/training/jobs', { project_id: project.id, framework: 'timm', model_name: 'resnet50',
    task_type: 'image_classification', dataset_path: folder, dataset_format: 'imagefolder', notes: mark })
  const upload = await asAda('/api/v1/uploads', { dataset: { name: mark, format: 'imagefolder', project_id: project.id } })
  const form = new FormData()
  for (const [key, value] of [['name', mark], ['format', 'imagefolder'], ['project_id', String(project.id)]])
    form.append(key, value)
  form.append('files', new Blob([mark]), 'a/one.png')
  const { body: dataset } = await ask(server, 'POST', '/api/v1/datasets', ada, { form })
  await until(async () => /* the doctor has said that it waits, as there is nobody who could look */
    (await expectCall(server, 200, 'GET', `/api/v1/datasets/${dataset.id}`, { token: ada })).status_reason)
  await asAda('/api/v1/auth/api-keys', { name: mark })
  const invitation = await asAda(`/api/v1/projects/${project.id}/invitations`, { role: 'member', message: mark })
  const output = join(server.data, job.output_dir), file = join(output, 'checkpoints', 'best.safetensors')
  await writeFile(file, mark)
  await report(server, job.id, 'epoch_complete', { epoch: 1, loss: 1, extra_metrics: { [mark]: 1 } })
  await report(server, job.id, 'log', { message: mark })
  await report(server, job.id, 'checkpoint_saved', { epoch: 1, kind: 'best', path: file, size: mark.length })
  await report(server, job.id, 'validation_result', { epoch: 1, task_type: 'image_classification',
    primary_metric: { name: 'accuracy', value: 1 }, metrics: { [mark]: 1 }, class_names: [mark],
    images: [{ file: join(folder, 'a', 'x.png'), true_label: mark, true_label_id: 0, predicted_label: mark,
      predicted_label_id: 0, confidence: 1, is_correct: true }] })
  const { checkpoints } = await expectCall(server, 200, 'GET', `/api/v1/training/jobs/${job.id}/checkpoints`, { token: ada })
  const predicted = join(output, 'inferences')
  await mkdir(predicted, { recursive: true })
  await writeFile(join(predicted, 'x.png'), mark)
  await (await Database.open(join(server.data, 'vision_platform.db'))).run(`INSERT INTO inference_results
    (training_job_id, user_id, image_name, file_name, size_bytes, predicted_label, created_at)
    VALUES (${job.id}, ${user.id}, '${mark}', 'x.png', ${mark.length}, '${mark}', 1)`)
  const [{ id: keyId }] = await expectCall(server, 200, 'GET', '/api/v1/auth/api-keys', { token: ada })
  return { project_id: project.id, job_id: job.id, dataset: dataset.id, upload: upload.upload_id, key_id: keyId,
    user_id: user.id, invitation_id: invitation.id, checkpoint_id: checkpoints[0].id, epoch_id: 1, image_id: 1,
    inference_id: 1, path: 'a/one.png' }
}

export async function operationsOf(server) {
  const { paths } = await expectCall(server, 200, 'GET', '/openapi.json')
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })))
}
