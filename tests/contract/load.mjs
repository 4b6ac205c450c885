/* load.mjs - writers that remember what the server has acknowledged, and look whether it is there.
 *
 * Each has an account and a project of its own, does one thing after the other, and knows what must
 * be read back: `state`.  What was under way when the server went away may have happened or not, but
 * as a whole.  Which things they do follows from a seed. */

import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { call, expectCall, login, until } from './support.mjs'
import { Database } from './sqlite.mjs'

const password = 'long enough 1'
const hash = content => createHash('sha256').update(content).digest('hex').slice(0, 16)
const pieceBytes = 20000
const most = { jobs: 4, datasets: 3, uploads: 2, projects: 2, keys: 3, users: 3 }

/* Numbers from 0 to 1 that a seed repeats: mulberry32. */
export function randomOf(seed) {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

/* As they come from listings and as they are expected. */
const emptyState = () => ({ jobs: {}, datasets: {}, uploads: {}, projects: {}, keys: {}, users: {}, members: {} })

const epochOf = number => ({ epoch: number, loss: number / 2, accuracy: number / 1000, learning_rate: 0.001,
  extra_metrics: { val_loss: number / 4 } })

export class Writer {
  static async make(server, number, options) {
    const writer = new Writer()
    Object.assign(writer, { server, number, friends: [], state: emptyState(), underWay: null, problems: [],
      acknowledged: 0, count: 0, tokens: null }, options)
    writer.random = randomOf(options.seed * 1000 + number)
    writer.email = `writer-${number}@example.com`
    writer.token = await login(server, writer.email)
    const made = await expectCall(server, 201, 'POST', '/api/v1/projects', { token: writer.token, body: { name: 'mine' } })
    writer.project = made.id
    writer.folder = join(server.data, 'samples', `of-${number}`)
    await mkdir(join(writer.folder, 'a'), { recursive: true })
    await mkdir(join(writer.folder, 'b'), { recursive: true })
    return writer
  }

  pick(list) { return list[Math.floor(this.random() * list.length)] }
  keys(kind) { return Object.keys(this.state[kind]) }
  name(kind) { return `${kind} ${this.number}.${++this.count}` }

  /* One thing: effect(state, id) is what it does to the state; `id` is that of what is made. */
  async write(statuses, method, path, options, effect, kind) {
    this.underWay = { what: `${method} ${path}`, effect, kind }
    const answer = await this.send(method, path, options)
    if (statuses.includes(answer.status)) {
      const id = kind ? answer.body[{ uploads: 'upload_id' }[kind] ?? 'id'] : null
      effect(this.state, id, answer.body)
      this.acknowledged++
    } else {
      this.problems.push(`${method} ${path}: ${answer.status} ${JSON.stringify(answer.body).slice(0, 200)}`)
    }
    this.underWay = null
    return answer
  }

  /* JSON as others do, but forms and bytes too. */
  async send(method, path, options) {
    const { form, bytes } = options
    if (!form && !bytes) return call(this.server, method, path, { token: this.token, ...options })
    const response = await fetch(this.server.url + path, { method, body: form ?? bytes, headers: {
      Authorization: `Bearer ${this.token}`, ...(bytes && { 'Content-Type': 'application/octet-stream' }) } })
    return { status: response.status, body: await response.json() }
  }

  /* --- what they do -------------------------------------------------------------------------- */

  async addJob() {
    const notes = this.name('job')
    await this.write([201], 'POST', '/api/v1/training/jobs', { body: { project_id: this.project, framework: 'timm',
      model_name: 'resnet50', task_type: 'image_classification', dataset_path: this.folder, notes,
      dataset_format: 'imagefolder', epochs: 500, batch_size: 16, learning_rate: 0.01 } },
    (state, id) => { state.jobs[id] = { notes, status: 'pending', epochs: 0 } }, 'jobs')
  }

  async changeJob(id) {
    const notes = this.name('changed')
    await this.write([200], 'PATCH', `/api/v1/training/jobs/${id}`, { body: { notes, tags: ['a', 'b'] } },
      state => { state.jobs[id].notes = notes })
  }

  async removeJob(id) {
    await this.write([200], 'DELETE', `/api/v1/training/jobs/${id}`, {}, state => { delete state.jobs[id] })
  }

  async report(id, event, data, effect) {
    await this.write([200], 'POST', '/api/v1/internal/training/callback', { token: undefined,
      headers: { 'X-Internal-Auth': this.server.secret }, body: { job_id: Number(id), event, data } }, effect)
  }

  async addEpoch(id) {
    const number = this.state.jobs[id].epochs + 1
    await this.report(id, 'epoch_complete', epochOf(number), state => { state.jobs[id].epochs = number })
  }

  /* The test is the engine of its jobs, and only a write from outside can make them run without one. */
  async runJob(id) {
    const database = await Database.open(join(this.server.data, 'vision_platform.db'))
    await database.run(`UPDATE training_jobs SET status = 'running', attempt = attempt + 1 WHERE id = ${id}`)
    this.state.jobs[id].status = 'running'
  }

  async endJob(id) {
    const status = this.pick(['completed', 'failed', 'stopped'])
    await this.report(id, 'status', { status }, state => { state.jobs[id].status = status })
  }

  async cancelJob(id) {
    await this.write([200], 'POST', `/api/v1/training/jobs/${id}/cancel`, { body: {} },
      state => { state.jobs[id].status = 'cancelled' })
  }

  async restartJob(id) {
    await this.write([200], 'POST', `/api/v1/training/jobs/${id}/restart?force=1`, { body: {} },
      state => { Object.assign(state.jobs[id], { status: 'pending', epochs: 0 }) })
  }

  async addForm() {
    const name = this.name('form'), content = randomBytes(pieceBytes).toString('hex')
    const form = new FormData()
    for (const [key, value] of [['name', name], ['format', 'imagefolder'], ['project_id', String(this.project)]])
      form.append(key, value)
    form.append('files', new Blob([content]), 'a/one.png')
    form.append('files', new Blob([content]), 'b/two.png')
    await this.write([201], 'POST', '/api/v1/datasets', { form },
      (state, id) => { state.datasets[id] = hash(content) }, 'datasets')
  }

  async addUpload() {
    const content = randomBytes(2 * pieceBytes)
    await this.write([201], 'POST', '/api/v1/uploads', { body: { total_bytes: content.length,
      dataset: { name: this.name('upload'), format: 'imagefolder', project_id: this.project } } },
    (state, id) => { state.uploads[id] = 0 }, 'uploads')
    this.contents ??= {}
    for (const id of this.keys('uploads')) this.contents[id] ??= content
  }

  async addPiece(id) {
    if (id === this.torn) return this.removeUpload(id)
    const offset = this.state.uploads[id], content = this.contents[id], path = 'a/one.png'
    if (offset === content.length) {
      await this.write([201], 'POST', `/api/v1/uploads/${id}/commit`, {}, state => {
        delete state.uploads[id]
        state.datasets[id] = hash(content)
      })
      return
    }
    this.piece = id
    await this.write([200], 'PUT', `/api/v1/uploads/${id}?path=${path}&offset=${offset}`,
      { bytes: content.subarray(offset, offset + pieceBytes) }, state => { state.uploads[id] = offset + pieceBytes })
    this.piece = null
  }

  async removeUpload(id) {
    await this.write([200], 'DELETE', `/api/v1/uploads/${id}`, {}, state => { delete state.uploads[id] })
  }

  async removeDataset(id) {
    await this.write([200], 'DELETE', `/api/v1/datasets/${id}`, {}, state => { delete state.datasets[id] })
  }

  async addProject() {
    const name = this.name('project')
    await this.write([201], 'POST', '/api/v1/projects', { body: { name } },
      (state, id) => { state.projects[id] = name }, 'projects')
  }

  async removeProject(id) {
    await this.write([200], 'DELETE', `/api/v1/projects/${id}`, {}, state => { delete state.projects[id] })
  }

  async addKey() {
    const name = this.name('key')
    await this.write([201], 'POST', '/api/v1/auth/api-keys', { body: { name } }, state => { state.keys[name] = true })
  }

  async addUser() {
    const email = `${this.name('user').replace(' ', '-')}@example.com`
    await this.write([201], 'POST', '/api/v1/auth/register', { token: undefined, body: { email, password } },
      state => { state.users[email] = true })
  }

  async changeMember() {
    const friend = this.pick(this.friends), role = this.pick(['member', 'viewer', 'admin'])
    const path = `/api/v1/projects/${this.project}/members`, { id, email } = friend
    if (!this.state.members[id])
      await this.write([201], 'POST', path, { body: { email, role } }, state => { state.members[id] = role })
    else if (this.random() < 0.5)
      await this.write([200], 'PUT', `${path}/${id}`, { body: { role } }, state => { state.members[id] = role })
    else
      await this.write([200], 'DELETE', `${path}/${id}`, {}, state => { delete state.members[id] })
  }

  /* The new pair must be the one that counts. */
  async refresh() {
    const refresh = this.tokens?.refresh_token
    const answer = refresh
      ? await this.write([200], 'POST', '/api/v1/auth/refresh', { token: undefined, body: { refresh_token: refresh } },
        (_, id, body) => { this.tokens = body })
      : await this.write([200], 'POST', '/api/v1/auth/login', { token: undefined, body: { email: this.email, password } },
        (_, id, body) => { this.tokens = body })
    if (answer.status === 200) this.token = answer.body.access_token
  }

  /* --- what they choose ---------------------------------------------------------------------- */

  async once() {
    const { jobs, datasets, uploads, projects } = this.state, dice = this.random()
    const job = this.pick(this.keys('jobs')), status = jobs[job]?.status
    const any = kind => this.pick(this.keys(kind))
    const room = (kind, object) => Object.keys(object).length < most[kind]

    if (dice < 0.08 && room('jobs', jobs)) return this.addJob()
    if (dice < 0.12 && job && status !== 'running' && !room('jobs', jobs)) return this.removeJob(job)
    if (dice < 0.20 && job) return this.changeJob(job)
    if (dice < 0.55 && status === 'running') return this.addEpoch(job)
    if (dice < 0.30 && status === 'pending') return this.runJob(job)
    if (dice < 0.33 && status === 'pending') return this.cancelJob(job)
    if (dice < 0.58 && status === 'running') return this.endJob(job)
    if (dice < 0.62 && job && status !== 'pending' && status !== 'running') return this.restartJob(job)
    if (dice < 0.70) return room('uploads', uploads) ? this.addUpload() : this.addPiece(any('uploads'))
    if (dice < 0.78 && this.keys('uploads').length) return this.addPiece(any('uploads'))
    if (dice < 0.81) return room('datasets', datasets) ? this.addForm() : this.removeDataset(any('datasets'))
    if (dice < 0.86) return room('projects', projects) ? this.addProject() : this.removeProject(any('projects'))
    if (dice < 0.92 && this.friends.length) return this.changeMember()
    if (dice < 0.94 && room('keys', this.state.keys)) return this.addKey()
    if (dice < 0.943 && room('users', this.state.users)) return this.addUser()
    if (dice < 0.96) return this.refresh()
    return job ? this.changeJob(job) : this.addJob()
  }

  /* Until told to stop, or the server goes away. */
  async run(isOver) {
    while (!isOver()) {
      try {
        await this.once()
      } catch (error) {
        if (error.name !== 'TypeError' && error.name !== 'SyntaxError') throw error
        if (!isOver()) this.problems.push(`${this.underWay?.what}: ${error.message} ${error.cause?.message}`)
        return
      }
    }
  }

  /* --- reading back -------------------------------------------------------------------------- */

  async get(path) { return expectCall(this.server, 200, 'GET', path, { token: this.token }) }

  async readJob(id, job) {
    const rows = await this.get(`/api/v1/training/jobs/${id}/metrics?limit=1000`)
    const { series } = rows.length ? await this.get(`/api/v1/training/jobs/${id}/metrics?names=val_loss,loss`) : {}
    const wanted = Array.from({ length: rows.length }, (_, i) => epochOf(i + 1))
    const plain = rows.map(({ epoch, loss, accuracy, learning_rate, extra_metrics }) =>
      ({ epoch, loss, accuracy, learning_rate, extra_metrics }))

    assert.deepEqual(plain, wanted, `the epochs of job ${id}`)
    assert.equal(job.current_epoch, rows.length, `the epoch that job ${id} is in`)
    for (const [i, divisor] of rows.length ? [[0, 4], [1, 2]] : [])
      assert.deepEqual(series[i].last, wanted.map(one => one.epoch / divisor), `a series of job ${id}`)
    return { notes: job.notes, status: job.status, epochs: rows.length }
  }

  async read(admin) {
    const found = emptyState(), path = `/api/v1/projects/${this.project}`
    for (const job of await this.get(`${path}/experiments?per_page=1000`))
      found.jobs[job.id] = await this.readJob(job.id, job)
    for (const { id } of (await this.get(`/api/v1/datasets?project_id=${this.project}`)).datasets) {
      const response = await fetch(`${this.server.url}/api/v1/datasets/${id}/file/a/one.png`,
        { headers: { Authorization: `Bearer ${this.token}` } })
      assert.equal(response.status, 200, `the file of dataset ${id}`)
      found.datasets[id] = hash(Buffer.from(await response.arrayBuffer()))
    }
    for (const id of this.keys('uploads')) {
      const { status, body } = await call(this.server, 'GET', `/api/v1/uploads/${id}`, { token: this.token })
      if (status === 200) found.uploads[id] = body.received_bytes
    }
    for (const { id, name } of await this.get('/api/v1/projects'))
      if (name.startsWith('project ' + this.number + '.')) found.projects[id] = name
    for (const { name } of await this.get('/api/v1/auth/api-keys')) found.keys[name] = true
    for (const { user_id: id, role } of await this.get(`${path}/members`))
      if (role !== 'owner') found.members[id] = role
    const users = await expectCall(this.server, 200, 'GET', `/api/v1/admin/users?search=user-${this.number}.`,
      { token: admin })
    for (const { email } of users) found.users[email] = true
    return found
  }

  async answersTo(path) { return (await call(this.server, 'GET', path, { token: this.token })).status === 200 }
  isMade(id) { return this.answersTo(`/api/v1/datasets/${id}`) }
  isUploading(id) { return this.answersTo(`/api/v1/uploads/${id}`) }

  /* What is there is what was acknowledged, with or without what was under way. */
  async check(admin) {
    /* The janitor removes what a commit has left behind soon after the start. */
    if (this.underWay?.what.endsWith('/commit')) {
      const [id] = this.underWay.what.match(/[-0-9a-f]{36}/)
      await until(async () => !(await this.isMade(id)) || !(await this.isUploading(id)), 10)
    }
    const found = await this.read(admin), { underWay } = this
    this.underWay = null
    if (underWay) this.settle(found, underWay)
    assert.deepEqual(found, this.state, `writer ${this.number}, ${underWay?.what ?? 'nothing'} under way`)
    if (this.tokens) await this.refresh()
    for (const email of this.keys('users').slice(-1))
      await expectCall(this.server, 200, 'POST', '/api/v1/auth/login', { body: { email, password } })
  }

  settle(found, { what, effect, kind }) {
    const [made] = kind ? Object.keys(found[kind]).filter(id => !this.state[kind][id]) : []
    const after = structuredClone(this.state)

    if (what.includes('/auth/')) this.tokens = null
    if (this.piece) { /* any part of it may have come */
      const was = this.state.uploads[this.piece], is = found.uploads[this.piece]
      assert.ok(is >= was && is <= was + pieceBytes, `${was} bytes acknowledged, ${is} there`)
      this.state.uploads[this.piece] = is
      this.torn = this.piece
      this.piece = null
      return
    }
    if (kind === 'uploads' || what.includes('/auth/login') || what.includes('/auth/refresh')) return
    if (kind && !made) return
    effect(after, made, {})
    try {
      assert.deepEqual(found, after)
      this.state = after
    } catch { /* then it must not have happened at all */ }
  }
}

export async function makeWriters(server, count, options) {
  const writers = []
  for (let i = 0; i < count; i++) writers.push(await Writer.make(server, i, options))
  const people = await Promise.all(writers.map(async ({ email, token }) =>
    ({ email, id: (await expectCall(server, 200, 'GET', '/api/v1/auth/me', { token })).id })))
  for (const [i, writer] of writers.entries()) writer.friends = people.filter((_, j) => j !== i).slice(0, 4)
  return writers
}
