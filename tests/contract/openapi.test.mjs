/* openapi.test.mjs - the description is valid, and answers are as it says. */

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { Validator } from '@seriousme/openapi-schema-validator'
import { call, expectCall, login, loginAdmin, newJob, readDescription, report, startServer, stopServer } from './support.mjs'

let server, description, admin, job

before(async () => {
  server = await startServer()
  description = await readDescription(server)
  admin = await loginAdmin(server)
  job = await newJob(server, admin)
})
after(() => stopServer(server))

/* Call, compare with the description, and expect the status. */
async function checked(status, method, path, options = {}) {
  const answer = await call(server, method, path, options)
  description.check(method, path, answer)
  assert.equal(answer.status, status, `${method} ${path}: ${JSON.stringify(answer.body)}`)
  return answer.body
}

test('the description is valid OpenAPI 3.1', async () => {
  const result = await new Validator().validate(structuredClone(description.document))
  assert.ok(result.valid, JSON.stringify(result.errors, null, 2))
  assert.match(description.document.openapi, /^3\.1\./)
})

test('every reference leads somewhere and operations have names of their own', () => {
  const names = new Set()
  const find = pointer => pointer.slice(2).split('/').reduce((node, key) => node?.[key], description.document)
  const walk = node => {
    if (Array.isArray(node)) node.forEach(walk)
    else if (node && typeof node === 'object') {
      if (node.$ref) assert.ok(find(node.$ref), `${node.$ref} leads nowhere`)
      Object.values(node).forEach(walk)
    }
  }
  walk(description.document)
  for (const [path, item] of Object.entries(description.document.paths))
    for (const [method, operation] of Object.entries(item)) {
      assert.ok(operation.operationId && !names.has(operation.operationId), `${method} ${path}`)
      names.add(operation.operationId)
      const inPath = (path.match(/\{[^}]*\}/g) ?? []).map(name => name.slice(1, -1)).sort()
      const described = operation.parameters.filter(p => p.in === 'path').map(p => p.name).sort()
      assert.deepEqual(described, inPath, path)
    }
})

test('a checker that says yes to everything would be noticed', async () => {
  const answer = await call(server, 'GET', '/health')
  description.check('GET', '/health', answer)
  assert.throws(() => description.check('GET', '/health', { ...answer, body: { status: 'healthy' } }), /service/)
  assert.throws(() => description.check('GET', '/health', { ...answer, status: 204 }), /does not describe 204/)
  assert.throws(() => description.check('GET', '/nothing', answer), /is not described/)
})

test('the system, accounts and keys answer as described', async () => {
  await checked(200, 'GET', '/health')
  await checked(200, 'GET', '/version')
  await checked(200, 'GET', '/metrics')
  await checked(200, 'GET', '/docs')
  await checked(200, 'GET', '/api/v1/system', { token: admin })
  await checked(401, 'GET', '/api/v1/system')
  const user = await checked(201, 'POST', '/api/v1/auth/register',
    { body: { email: 'new@example.com', password: 'long enough 1' } })
  assert.equal(user.email, 'new@example.com')
  await checked(400, 'POST', '/api/v1/auth/register', { body: { email: 'new@example.com', password: 'long enough 1' } })
  await checked(422, 'POST', '/api/v1/auth/register', { body: { email: 7 } })
  await checked(401, 'POST', '/api/v1/auth/login', { body: { email: 'new@example.com', password: 'wrong' } })
  const session = await checked(200, 'POST', '/api/v1/auth/login',
    { body: { email: 'new@example.com', password: 'long enough 1' } })
  await checked(200, 'POST', '/api/v1/auth/refresh', { body: { refresh_token: session.refresh_token } })
  await checked(401, 'POST', '/api/v1/auth/refresh', { body: { refresh_token: 'x' } })
  const token = session.access_token
  await checked(200, 'GET', '/api/v1/auth/me', { token })
  await checked(200, 'PUT', '/api/v1/auth/me', { token, body: { company: 'Lab' } })
  const key = await checked(201, 'POST', '/api/v1/auth/api-keys', { token, body: { name: 'script' } })
  await checked(200, 'GET', '/api/v1/auth/api-keys', { token })
  await checked(200, 'DELETE', `/api/v1/auth/api-keys/${key.id}`, { token })
  await checked(422, 'GET', '/api/v1/training/jobs?status=bogus', { token })
  await checked(404, 'DELETE', `/api/v1/auth/api-keys/${key.id}`, { token })
})

test('projects and members answer as described', async () => {
  const token = await login(server, 'owner@example.com')
  await login(server, 'member@example.com')
  const project = await checked(201, 'POST', '/api/v1/projects', { token, body: { name: 'Dog vs Cat' } })
  const path = `/api/v1/projects/${project.id}`
  await checked(400, 'POST', '/api/v1/projects', { token, body: { name: 'Dog vs Cat' } })
  await checked(422, 'POST', '/api/v1/projects', { token, body: {} })
  await checked(200, 'GET', '/api/v1/projects', { token })
  await checked(200, 'GET', path, { token })
  await checked(404, 'GET', '/api/v1/projects/9999', { token })
  await checked(200, 'PUT', path, { token, body: { description: 'all of them' } })
  await checked(201, 'POST', `${path}/members`, { token, body: { email: 'member@example.com', role: 'viewer' } })
  const members = await checked(200, 'GET', `${path}/members`, { token })
  const member = members.find(found => found.email === 'member@example.com')
  await checked(200, 'DELETE', `${path}/members/${member.user_id}`, { token })
  await checked(404, 'DELETE', `${path}/members/${member.user_id}`, { token })
  await checked(200, 'GET', `${path}/experiments?page=1&per_page=5`, { token })
  await checked(200, 'DELETE', path, { token })
})

test('a job and what is kept of it answer as described', async () => {
  const path = `/api/v1/training/jobs/${job.id}`
  await report(server, job.id, 'epoch_complete',
    { epoch: 1, loss: 0.9, accuracy: 0.5, learning_rate: 0.01, extra_metrics: { val_loss: 1.1 } })
  await report(server, job.id, 'log', { level: 'INFO', message: 'hello' })
  await checked(200, 'GET', path, { token: admin })
  await checked(200, 'GET', '/api/v1/training/jobs', { token: admin })
  await checked(200, 'GET', `${path}/status`, { token: admin })
  const metrics = await checked(200, 'GET', `${path}/metrics`, { token: admin })
  assert.equal(metrics[0].epoch, 1)
  await checked(200, 'GET', `${path}/metrics?names=loss,val_loss`, { token: admin })
  await checked(200, 'GET', `${path}/metric-schema`, { token: admin })
  const logs = await checked(200, 'GET', `${path}/logs?limit=5`, { token: admin })
  assert.equal(logs.at(-1).content, 'hello')
  await checked(400, 'GET', `${path}/logs?limit=x`, { token: admin })
  await checked(200, 'GET', `${path}/checkpoints`, { token: admin })
  await checked(200, 'GET', `/api/v1/projects/${job.project_id}/experiments`, { token: admin })
  await checked(200, 'GET', `/api/v1/validation/jobs/${job.id}/results`, { token: admin })
  await checked(200, 'GET', `/api/v1/validation/jobs/${job.id}/summary`, { token: admin })
  await checked(200, 'GET', '/api/v1/training/queue', { token: admin })
  await checked(200, 'GET', `/api/v1/training/compare?jobs=${job.id}&names=loss,val_loss`, { token: admin })
  await checked(400, 'GET', '/api/v1/training/compare?jobs=x', { token: admin })
  await checked(200, 'GET', '/api/v1/training/jobs?sort=updated&q=resnet', { token: admin })
  await checked(400, 'GET', '/api/v1/training/jobs?sort=id', { token: admin })
  await checked(200, 'GET', `/api/v1/projects/${job.project_id}/experiments?sort=accuracy&order=asc`, { token: admin })
  await checked(200, 'GET', `${path}/logs?level=INFO&after=0`, { token: admin })
  await checked(200, 'GET', `${path}/inferences`, { token: admin })
  await checked(404, 'GET', '/api/v1/test-inference/1', { token: admin })
  await checked(401, 'GET', '/api/v1/test-inference/1/image')
  await checked(401, 'GET', path)
  await checked(404, 'GET', '/api/v1/training/jobs/99999', { token: admin })
  const stranger = await login(server, 'stranger@example.com')
  await checked(404, 'GET', path, { token: stranger })
})

test('administration and invitations answer as described', async () => {
  const token = await login(server, 'inviting@example.com')
  const project = await checked(201, 'POST', '/api/v1/projects', { token, body: { name: 'shared' } })
  const path = `/api/v1/projects/${project.id}/invitations`
  const made = await checked(201, 'POST', path, { token, body: { email: 'guest@example.com', role: 'member' } })
  await checked(200, 'GET', path, { token })
  await checked(200, 'GET', `/api/v1/invitations/${made.token}/info`)
  const guest = await login(server, 'guest@example.com')
  await checked(200, 'GET', '/api/v1/invitations', { token: guest })
  await checked(200, 'POST', '/api/v1/invitations/accept', { token: guest, body: { token: made.token } })
  await checked(404, 'GET', '/api/v1/invitations/nothing/info')
  await checked(200, 'GET', '/api/v1/setup')
  const users = await checked(200, 'GET', '/api/v1/admin/users', { token: admin })
  await checked(403, 'GET', '/api/v1/admin/users', { token })
  await checked(200, 'GET', `/api/v1/admin/users/${users[0].id}`, { token: admin })
  await checked(200, 'GET', '/api/v1/admin/projects', { token: admin })
  await checked(200, 'GET', '/api/v1/admin/settings', { token: admin })
  const overview = await checked(200, 'GET', '/api/v1/admin/overview', { token: admin })
  assert.ok(overview.users.by_role.admin === 1 && overview.users.total > 2 && overview.projects > 0)
  await checked(403, 'GET', '/api/v1/admin/overview', { token })
  const added = await checked(201, 'POST', '/api/v1/admin/users',
    { token: admin, body: { email: 'added@example.com', system_role: 'guest' } })
  await checked(201, 'POST', `/api/v1/admin/users/${added.id}/password-link`, { token: admin, body: {} })
  await checked(200, 'PATCH', `/api/v1/admin/users/${added.id}/role`,
    { token: admin, body: { system_role: 'standard_engineer' } })
  await checked(200, 'DELETE', `/api/v1/admin/users/${added.id}`, { token: admin })
})

test('data sets and uploads answer as described', async () => {
  await checked(200, 'GET', '/api/v1/datasets', { token: admin })
  await checked(200, 'GET', '/api/v1/datasets/available', { token: admin })
  await checked(404, 'GET', '/api/v1/datasets/none', { token: admin })
  const dataset = await checked(201, 'POST', '/api/v1/datasets',
    { token: admin, body: { name: 'empty', format: 'imagefolder', project_id: job.project_id } })
  const path = `/api/v1/datasets/${dataset.id}`
  await checked(200, 'GET', path, { token: admin })
  await checked(200, 'GET', '/api/v1/datasets', { token: admin })
  await checked(200, 'GET', '/api/v1/datasets/available', { token: admin })
  await checked(200, 'GET', `${path}/images`, { token: admin })
  await checked(200, 'GET', `${path}/report`, { token: admin })
  await checked(200, 'GET', `${path}/fixes`, { token: admin })
  await checked(200, 'GET', `${path}/split`, { token: admin })
  await checked(400, 'POST', `${path}/split`, { token: admin, body: { train: 0.8, val: 0.2 } })
  await checked(422, 'POST', `${path}/split`, { token: admin, body: { train: 'most' } })
  await checked(401, 'GET', path)
  await checked(200, 'DELETE', path, { token: admin })
  const upload = await checked(201, 'POST', '/api/v1/uploads',
    { token: admin, body: { dataset: { name: 'in pieces', format: 'imagefolder', project_id: job.project_id } } })
  await checked(200, 'GET', `/api/v1/uploads/${upload.upload_id}`, { token: admin })
  await checked(200, 'DELETE', `/api/v1/uploads/${upload.upload_id}`, { token: admin })
})

test('models answer as described', async () => {
  const models = await checked(200, 'GET', '/api/v1/models/list?task_type=image_classification')
  assert.ok(models.some(model => model.model_name === 'resnet50'))
  await checked(200, 'GET', '/api/v1/models/list?envelope=1')
  await checked(200, 'GET', '/api/v1/models')
  await checked(200, 'GET', '/api/v1/models/get?framework=timm&model_name=resnet50')
  await checked(404, 'GET', '/api/v1/models/get?framework=timm&model_name=none')
})

test('the internal callback wants its secret', async () => {
  const path = '/api/v1/internal/training/callback'
  const body = { job_id: job.id, event: 'unheard of', data: {} }
  await checked(403, 'POST', path, { body })
  await checked(403, 'POST', path, { body, headers: { 'X-Internal-Auth': 'guess' } })
  await checked(200, 'POST', path, { body, headers: { 'X-Internal-Auth': server.secret } })
})

test('the page of the description allows itself no other source', async () => {
  const answer = await call(server, 'GET', '/docs')
  const policy = answer.headers.get('content-security-policy')
  assert.match(policy, /default-src 'none'/)
  assert.match(policy, /frame-ancestors 'none'/)
  const nonce = policy.match(/script-src 'nonce-([0-9a-f]+)'/)[1]
  assert.ok(answer.body.includes(`<script nonce="${nonce}">`))
  assert.ok(!/(src|href)="?(https?:)?\/\//.test(answer.body))
  const again = await call(server, 'GET', '/docs')
  assert.ok(!again.body.includes(nonce))
})

test('metrics count requests by route', async () => {
  const count = async () => {
    const text = await expectCall(server, 200, 'GET', '/metrics')
    const found = text.match(/_count\{method="GET",route="\/version",status="2xx"\} (\d+)/)
    return found ? Number(found[1]) : 0
  }
  const before = await count()
  await call(server, 'GET', '/version')
  await call(server, 'GET', '/version')
  assert.equal(await count() - before, 2)
})
