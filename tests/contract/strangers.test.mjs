/* strangers.test.mjs - every operation of the description, called by people who may not.
 *
 * The list is taken from /openapi.json, which has a row for every route: a new one is covered at once, and a new
 * parameter of a path fails until `owned` has something of Ada's for it.  Bob must get the same answer for what is
 * hers as for what does not exist, and nothing may change by it. */

import assert from 'node:assert/strict'
import { createHmac, randomBytes, randomUUID } from 'node:crypto'
import { after, before, test } from 'node:test'
import { ask, assertUnchanged, everything, makeAll, mark, operationsOf, requestOf } from './owned.mjs'
import { expectCall, login, loginAdmin, startServer, stopServer } from './support.mjs'

const secret = randomBytes(24).toString('hex')
let server, operations, ada, bob, admin, owned

/* Nobody's, or for whoever has the link; sockets are in tests/api/live_test.c. */
const open = ['/api/v1/models/capabilities/{framework}', '/api/v1/models/{framework}/{model_name}',
  '/api/v1/invitations/{token}/info', '/ws/training/{job_id}']

/* Parameters of the path that Ada has; the first one of another object where `others` has it. */
function fill(path, others = {}) {
  let isFirst = true
  return path.replace(/\{(\w+)\}/g, (_, name) => {
    const value = isFirst && others[name] !== undefined ? others[name] : owned[name]
    isFirst = false
    assert.ok(value !== undefined, `${path}: there is no {${name}} of Ada's in this test`)
    return value
  })
}

const encode = object => Buffer.from(typeof object === 'string' ? object : JSON.stringify(object)).toString('base64url')

function sign(header, claims, key) {
  const text = `${encode(header)}.${encode(claims)}`
  return `${text}.${key ? createHmac('sha256', key).update(text).digest('base64url') : ''}`
}

before(async () => {
  process.env.JWT_SECRET = secret
  server = await startServer(['--no_trainer'])
  delete process.env.JWT_SECRET
  admin = await loginAdmin(server)
  ada = await login(server, `${mark}@example.com`)
  bob = await login(server, 'bob@example.com')
  owned = await makeAll(server, ada)
  operations = await operationsOf(server)
})
after(async () => { await stopServer(server) })

const withParameters = () => operations.filter(({ path }) => path.includes('{') && !open.includes(path))

test('to a stranger, what is hers does not exist, and nothing of it changes', async () => {
  const nobodys = { project_id: 987654, job_id: 987654, dataset: randomUUID(), upload: randomUUID(), key_id: 987654,
    user_id: 987654, invitation_id: 987654, image_id: 987654, inference_id: 987654 }
  const state = await everything(server)
  assert.ok(withParameters().length > 50)
  for (const one of withParameters()) {
    const name = `${one.method} ${one.path}`, request = () => requestOf(one)
    const refused = await ask(server, one.method, fill(one.path), bob, request())
    const unknown = await ask(server, one.method, fill(one.path, nobodys), bob, request())
    const wanted = one.path.startsWith('/api/v1/admin/') ? 403 : 404

    assert.equal(refused.status, wanted, `${name}: ${JSON.stringify(refused.body)}`)
    assert.deepEqual([refused.status, refused.body], [unknown.status, unknown.body], name)
    assert.ok(!JSON.stringify(refused.body).includes(mark), name)
    assert.equal((await ask(server, one.method, fill(one.path), undefined, request())).status, 401, name)
    if (one.method !== 'GET') continue
    const hers = await ask(server, 'GET', fill(one.path), one.path.includes('/admin/') ? admin : ada)
    assert.notDeepEqual(hers.body, refused.body, `${name} finds nothing for Ada either`)
  }
  await assertUnchanged(server, state)
})

/* Ids that stand in a body or a query. */
test('a stranger cannot name what is hers in a body or a query', async () => {
  const { project_id: project, job_id: job, dataset } = owned
  const flat = { framework: 'timm', model_name: 'resnet50', task_type: 'image_classification', dataset_format: 'imagefolder' }
  const { id: own } = await expectCall(server, 201, 'POST', '/api/v1/projects', { token: bob, body: { name: 'bob' } })
  const state = await everything(server)
  const form = fields => {
    const data = new FormData()
    for (const [key, value] of Object.entries(fields)) data.append(key, String(value))
    data.append('files', new Blob(['x']), 'a/new.png')
    return data
  }
  const picture = () => {
    const data = new FormData()
    data.append('file', new Blob(['x']), 'x.png')
    return data
  }
  const cases = [
    ['POST', '/api/v1/training/jobs', { body: { ...flat, project_id: project, dataset_path: '/nowhere' } }],
    ['POST', '/api/v1/training/jobs', { body: { ...flat, project_id: own, dataset_id: dataset } }],
    ['POST', '/api/v1/training/jobs', { body: { project_id: own, config: { ...flat, dataset_id: dataset } } }],
    ['POST', '/api/v1/training/preflight', { body: { ...flat, project_id: project, dataset_path: '/nowhere' } }],
    ['POST', '/api/v1/training/preflight', { body: { ...flat, project_id: own, dataset_id: dataset } }],
    ['POST', '/api/v1/datasets', { body: { name: 'x', format: 'imagefolder', project_id: project } }],
    ['POST', '/api/v1/datasets', { form: form({ name: 'x', format: 'imagefolder', project_id: project }) }],
    ['POST', '/api/v1/uploads', { body: { dataset: { name: 'x', project_id: project } } }],
    ['POST', '/api/v1/uploads', { body: { dataset: { id: dataset } } }],
    ['POST', `/api/v1/test-inference?job_id=${job}&training_job_id=${job}`, { form: picture() }],
    ['GET', `/api/v1/datasets?project_id=${project}`, {}],
    ['GET', `/api/v1/training/compare?jobs=${job}`, {}],
  ]
  for (const [method, path, request] of cases) {
    const { status, body } = await ask(server, method, path, bob, request)
    assert.ok([400, 403, 404].includes(status), `${method} ${path} gave ${status}: ${JSON.stringify(body)}`)
    assert.ok(!JSON.stringify(body).includes(mark), `${method} ${path}`)
  }
  for (const path of ['/api/v1/projects', '/api/v1/training/jobs', `/api/v1/training/jobs?project_id=${project}`,
    '/api/v1/datasets', '/api/v1/datasets/available', '/api/v1/training/queue', '/api/v1/invitations', '/api/v1/auth/api-keys',
    '/api/v1/system']) {
    const { body } = await ask(server, 'GET', path, bob)
    assert.ok(!JSON.stringify(body).includes(mark), `${path}: ${JSON.stringify(body)}`)
  }
  await assertUnchanged(server, state)
})

test('tokens that do not hold open nothing', async () => {
  const now = Math.floor(Date.now() / 1000), header = { alg: 'HS256', typ: 'JWT' }
  const claims = { sub: String(owned.user_id), type: 'access', iat: now, exp: now + 600, jti: '0'.repeat(32), gen: 0 }
  assert.equal((await ask(server, 'GET', '/api/v1/auth/me', sign(header, claims, secret))).status, 200)
  const bad = {
    'of another key': sign(header, claims, `${secret}0`),
    'of no key': sign(header, claims, '\0'),
    'expired': sign(header, { ...claims, exp: now - 1 }, secret),
    'a refresh token': sign(header, { ...claims, type: 'refresh' }, secret),
    'alg none': sign({ alg: 'none', typ: 'JWT' }, claims),
    'alg none, signed': sign({ alg: 'none', typ: 'JWT' }, claims, secret),
    'alg None': sign({ alg: 'NoNe', typ: 'JWT' }, claims),
    'alg RS256': sign({ alg: 'RS256', typ: 'JWT' }, claims, secret),
    'without a signature': sign(header, claims),
    'without an end': sign(header, { ...claims, exp: undefined }, secret),
    'an end that is text': sign(header, { ...claims, exp: String(now + 600) }, secret),
    'of an earlier session': sign(header, { ...claims, gen: 7 }, secret),
    'of nobody': sign(header, { ...claims, sub: '987654' }, secret),
    'claims that are no object': sign(header, '[1]', secret),
    'nothing': '', 'dots': '..', 'too long': 'a'.repeat(20000),
  }
  const state = await everything(server)
  for (const [what, token] of Object.entries(bad)) {
    const { status, body } = await ask(server, 'GET', '/api/v1/auth/me', token || ' ')
    assert.equal(status, 401, `${what}: ${status}`)
    assert.equal(body.detail, 'Could not validate credentials', what)
  }
  const locked = operations.filter(({ operation }) => operation.security?.some(one => one.bearer))
  assert.ok(locked.length > 70)
  for (const one of locked)
    for (const what of ['of another key', 'expired', 'a refresh token', 'alg none']) {
      const { status } = await ask(server, one.method, fill(one.path), bad[what], requestOf(one))
      assert.equal(status, 401, `${one.method} ${one.path} takes a token ${what}`)
    }
  await assertUnchanged(server, state)
})
