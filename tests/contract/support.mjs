/* support.mjs - a server in a folder of its own, a client, and the description to hold answers against.
 *
 * FOVEA names the program; by default it is the one of the sanitizers' build. */

import { spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'

const program = process.env.FOVEA ?? fileURLToPath(new URL('../../build/dev/bin/fovea', import.meta.url))
const password = 'long enough 1'
const stopMilliseconds = 20000

/* --- the server ------------------------------------------------------------------------------ */

function announced(child) {
  return new Promise((resolve, reject) => {
    let text = ''
    child.stdout.on('data', piece => {
      text += piece
      const found = text.match(/ on (http:\/\/\S+),/)
      if (found) resolve(found[1])
    })
    child.on('error', reject)
    child.on('exit', code => reject(new Error(`the server ended with ${code}: ${child.messages}`)))
  })
}

/* Starts `fovea serve` on a free port.  Give it to stopServer() at the end. */
export async function startServer(options = []) {
  const data = await mkdtemp(join(tmpdir(), 'fovea-contract-'))
  const secret = randomBytes(16).toString('hex')
  const child = spawn(program, ['serve', '--data', data, '--port', '0', '--quiet', ...options],
    { env: { ...process.env, INTERNAL_SECRET: secret }, stdio: ['ignore', 'pipe', 'pipe'] })
  child.messages = ''
  child.stderr.on('data', piece => { child.messages += piece })
  const url = await announced(child)
  return { child, data, secret, url }
}

export async function stopServer(server) {
  const ended = new Promise(resolve => server.child.once('exit', (code, signal) => resolve(code ?? signal)))
  const timer = setTimeout(() => server.child.kill('SIGKILL'), stopMilliseconds)
  if (server.child.exitCode === null) server.child.kill('SIGTERM')
  const code = server.child.exitCode ?? await ended
  clearTimeout(timer)
  await rm(server.data, { recursive: true, force: true })
  if (code !== 0) throw new Error(`the server ended with ${code}: ${server.child.messages}`)
}

/* --- the client ------------------------------------------------------------------------------ */

/* {status, headers, body}: the body is parsed where it is JSON. */
export async function call(server, method, path, { token, body, headers = {} } = {}) {
  const response = await fetch(server.url + path, {
    method,
    headers: {
      ...(token ? { Authorization: `Bearer ${token}` } : {}),
      ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
      ...headers,
    },
    body: body === undefined ? undefined : JSON.stringify(body),
  })
  const text = await response.text()
  const isJson = response.headers.get('content-type')?.startsWith('application/json')
  return { status: response.status, headers: response.headers, body: isJson ? JSON.parse(text) : text }
}

/* The same, which must have this status; gives the body. */
export async function expectCall(server, status, method, path, options) {
  const answer = await call(server, method, path, options)
  if (answer.status !== status)
    throw new Error(`${method} ${path} gave ${answer.status}: ${JSON.stringify(answer.body)}`)
  return answer.body
}

/* An access token of this account, which is made when there is none; the first is an administrator. */
export async function login(server, email) {
  await call(server, 'POST', '/api/v1/auth/register', { body: { email, password } })
  const session = await expectCall(server, 200, 'POST', '/api/v1/auth/login', { body: { email, password } })
  return session.access_token
}

let projects = 0

/* A project with one pending job. */
export async function newJob(server, token) {
  const project = await expectCall(server, 201, 'POST', '/api/v1/projects',
    { token, body: { name: `project ${++projects}` } })
  const folder = join(server.data, 'datasets', 'two-classes')
  await mkdir(join(folder, 'a'), { recursive: true })
  await mkdir(join(folder, 'b'), { recursive: true })
  return expectCall(server, 201, 'POST', '/api/v1/training/jobs', {
    token,
    body: {
      project_id: project.id, framework: 'timm', model_name: 'resnet50',
      task_type: 'image_classification', dataset_path: folder, dataset_format: 'imagefolder',
      epochs: 50, batch_size: 16, learning_rate: 0.01,
    },
  })
}

/* What a training service reports. */
export async function report(server, jobId, event, data) {
  const answer = await expectCall(server, 200, 'POST', '/api/v1/internal/training/callback',
    { headers: { 'X-Internal-Auth': server.secret }, body: { job_id: jobId, event, data } })
  if (answer.status !== 'received' || answer.job_id !== jobId)
    throw new Error(`the callback answered ${JSON.stringify(answer)}`)
}

/* --- the description ------------------------------------------------------------------------- */

const placeholder = /\{[^}]*\}/g

function matches(pattern, path) {
  const parts = pattern.split(placeholder).map(part => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('[^/]+')}$`).test(path)
}

/* {document, check}: check(method, path, answer) throws where the answer is not as described. */
export async function readDescription(server) {
  const document = await expectCall(server, 200, 'GET', '/openapi.json')
  const ajv = new Ajv2020({ strict: false, allErrors: true })
  const validators = new Map()

  addFormats.default(ajv)
  ajv.addSchema({ $id: 'fovea', components: document.components })

  function validator(schema) {
    const text = JSON.stringify(schema).replaceAll('"#/components', '"fovea#/components')
    if (!validators.has(text)) validators.set(text, ajv.compile(JSON.parse(text)))
    return validators.get(text)
  }

  function operationOf(method, path) {
    /* Fixed segments win over parameters, as on the server. */
    const patterns = Object.keys(document.paths).filter(pattern => matches(pattern, path))
    patterns.sort((a, b) => (a.match(placeholder) ?? []).length - (b.match(placeholder) ?? []).length)
    const item = document.paths[patterns.find(pattern => document.paths[pattern][method.toLowerCase()])]
    if (!item) throw new Error(`${method} ${path} is not described`)
    return item[method.toLowerCase()]
  }

  function check(method, path, answer) {
    const operation = operationOf(method, path.split('?')[0])
    let response = operation.responses[answer.status] ?? operation.responses[`${String(answer.status)[0]}XX`]
    if (!response) throw new Error(`${method} ${path} does not describe ${answer.status}`)
    if (response.$ref) response = document.components.responses[response.$ref.split('/').pop()]
    const schema = response.content?.['application/json']?.schema
    const isJson = answer.headers.get('content-type')?.startsWith('application/json')
    if (Boolean(schema) !== Boolean(isJson) && answer.status !== 101)
      throw new Error(`${method} ${path}: ${answer.headers.get('content-type')} is not what is described`)
    if (!schema) return
    const validate = validator(schema)
    if (!validate(answer.body))
      throw new Error(`${method} ${path} ${answer.status}: ${ajv.errorsText(validate.errors)}\n` +
        JSON.stringify(answer.body).slice(0, 1000))
  }

  return { document, check }
}
