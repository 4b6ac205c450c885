/* support.mjs - a server in a folder of its own, a client, and the description to hold answers against.
 *
 * FOVEA names the program; by default it is the one of the sanitizers' build. */

import { execFile, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { Ajv2020 } from 'ajv/dist/2020.js'
import addFormats from 'ajv-formats'

export const program = process.env.FOVEA ?? fileURLToPath(new URL('../../build/dev/bin/fovea', import.meta.url))
const password = 'long enough 1'
const stopMilliseconds = 20000
const execute = promisify(execFile)

/* --- the server ------------------------------------------------------------------------------ */

function announced(child) {
  return new Promise((resolve, reject) => {
    child.printed = ''
    child.stdout.on('data', piece => {
      child.printed += piece
      const found = child.printed.match(/ on (http:\/\/\S+),/)
      if (found) resolve(found[1])
    })
    child.on('error', reject)
    child.on('exit', code => reject(new Error(`the server ended with ${code}: ${child.messages}`)))
  })
}

/* Starts `fovea serve` on a free port, in a new folder or, after a crash, in that of another one.
 * Give it to stopServer() at the end. */
export async function startServer(options = [], before = {}) {
  const data = before.data ?? await mkdtemp(join(tmpdir(), 'fovea-contract-'))
  const secret = before.secret ?? randomBytes(16).toString('hex')
  const child = spawn(program, ['serve', '--data', data, '--port', '0', '--quiet', ...options],
    { env: { ...process.env, ...before.environment, INTERNAL_SECRET: secret }, stdio: ['ignore', 'pipe', 'pipe'] })
  child.messages = ''
  child.stderr.on('data', piece => { child.messages += piece })
  const url = await announced(child)
  return { child, data, secret, url }
}

/* As a power cut would end it. */
export async function killServer(server) {
  const ended = new Promise(resolve => server.child.once('exit', resolve))
  server.child.kill('SIGKILL')
  await ended
}

export async function stopServer(server, { keep = false } = {}) {
  const ended = new Promise(resolve => server.child.once('exit', (code, signal) => resolve(code ?? signal)))
  const timer = setTimeout(() => server.child.kill('SIGKILL'), stopMilliseconds)
  if (server.child.exitCode === null) server.child.kill('SIGTERM')
  const code = server.child.exitCode ?? await ended
  clearTimeout(timer)
  if (!keep) await rm(server.data, { recursive: true, force: true })
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

/* An access token of the administrator, who is made by the link that the server prints. */
export async function loginAdmin(server) {
  while (!/\/setup\?token=(\w+)/.test(server.child.printed)) await once(server.child.stdout, 'data')
  const [, token] = server.child.printed.match(/\/setup\?token=(\w+)/)
  const session = await expectCall(server, 200, 'POST', '/api/v1/setup',
    { body: { token, email: 'admin@example.com', password } })
  return session.access_token
}

/* An access token of this account, which is made when there is none. */
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
  const folder = join(server.data, 'samples', 'two-classes')
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

const parameter = /\{[^}]*\}/g

/* Headers that mean something to a client: sent by exactly those answers that say so. */
const tellingHeaders = ['X-Request-Id', 'WWW-Authenticate', 'Retry-After', 'Location', 'Content-Disposition',
  'X-Total-Count', 'Upload-Offset', 'Last-Modified']

function matches(pattern, path) {
  const parts = pattern.split(parameter).map(part => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
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
    patterns.sort((a, b) => (a.match(parameter) ?? []).length - (b.match(parameter) ?? []).length)
    const item = document.paths[patterns.find(pattern => document.paths[pattern][method.toLowerCase()])]
    if (!item) throw new Error(`${method} ${path} is not described`)
    return item[method.toLowerCase()]
  }

  function check(method, path, answer) {
    const operation = operationOf(method, path.split('?')[0])
    let response = operation.responses[answer.status] ?? operation.responses[`${String(answer.status)[0]}XX`]
    if (!response) throw new Error(`${method} ${path} does not describe ${answer.status}`)
    if (response.$ref) response = document.components.responses[response.$ref.split('/').pop()]
    const described = Object.keys(response.headers ?? {})
    const missing = described.filter(name => response.headers[name].required && !answer.headers.has(name))
    if (missing.length) throw new Error(`${method} ${path} ${answer.status} lacks the headers ${missing}`)
    const silent = tellingHeaders.filter(name => answer.headers.has(name) && !described.includes(name))
    if (silent.length) throw new Error(`${method} ${path} ${answer.status} does not describe ${silent}`)
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

/* --- data ------------------------------------------------------------------------------------ */

/* Two classes of drawn shapes: 20 images of each to train on, 10 to validate with; with a task of
 * objects so many images in all, several shapes on each. */
export async function sampleDataset(folder, options = {}) {
  const { classes = 2, train = 20, val = 10, size = 40, task = 'classification' } = options
  await mkdir(join(folder, '..'), { recursive: true })
  await execute(program, ['dataset', 'sample', folder, '--task', task, '--num_classes', String(classes), '--train', String(train),
    '--val', String(val), '--image_size', String(size)])
  return folder
}

/* The folder as a tar file in one form. */
export async function upload(server, token, project, folder, name = 'shapes', format = 'imagefolder') {
  const { stdout } = await execute('tar', ['-C', folder, '-cf', '-', '.'], { encoding: 'buffer', maxBuffer: 1 << 28 })
  const form = new FormData()
  for (const [key, value] of Object.entries({ name, format, project_id: String(project) }))
    form.append(key, value)
  form.append('files', new Blob([stdout]), 'sample.tar')
  const response = await fetch(`${server.url}/api/v1/datasets`,
    { method: 'POST', headers: { Authorization: `Bearer ${token}` }, body: form })
  const body = await response.json()
  if (response.status !== 201) throw new Error(`the upload gave ${response.status}: ${JSON.stringify(body)}`)
  return body
}

/* What `condition` gives, once it is true. */
export async function until(condition, seconds = 120) {
  for (const end = Date.now() + 1000 * seconds; Date.now() < end;) {
    const value = await condition()
    if (value) return value
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  throw new Error(`not within ${seconds} s: ${condition}`)
}

/* The words of a process's command line; null when it has gone, and while it is not there yet: the
 * kernel shows none for a moment within exec, and none of a process that has ended. */
export async function commandLine(pid) {
  const text = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
  return text ? text.split('\0') : null
}
