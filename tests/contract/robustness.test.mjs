/* robustness.test.mjs - a server under load, and one that is killed under it, again and again.
 *
 * Short by default; with TEST_ALL=1 as long as it takes to believe it.  LOAD_SEED repeats a run's choices,
 * LOAD_SECONDS says how long the load lasts. */

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { test } from 'node:test'
import { io } from 'socket.io-client'
import { Database } from './sqlite.mjs'
import { makeWriters, randomOf } from './load.mjs'
import { expectCall, killServer, login, loginAdmin, startServer, stopServer } from './support.mjs'

const isLong = process.env.TEST_ALL === '1'
const seed = Number(process.env.LOAD_SEED ?? randomBytes(3).readUIntBE(0, 3))
const loadSeconds = Number(process.env.LOAD_SECONDS ?? (isLong ? 60 : 3))
const kills = Number(process.env.LOAD_KILLS ?? (isLong ? 20 : 3))
const writerCount = 16
const watcherCount = 4

const pause = milliseconds => new Promise(resolve => setTimeout(resolve, milliseconds))

async function integrity(server) {
  const database = await Database.open(join(server.data, 'vision_platform.db'))
  return (await database.run('PRAGMA integrity_check; PRAGMA foreign_key_check')).trim()
}

async function watchers(server, writers) {
  const sockets = writers.slice(0, watcherCount).map(({ token }) =>
    io(server.url, { auth: { token }, forceNew: true, transports: ['websocket'] }))
  const seen = { frames: 0, close: () => sockets.forEach(socket => socket.disconnect()) }
  await Promise.all(sockets.map((socket, i) => new Promise((resolve, reject) => {
    socket.onAny(() => { seen.frames++ })
    socket.once('connect_error', reject)
    socket.once('subscribed', resolve)
    socket.once('connect', () => socket.emit('subscribe', `project:${writers[i].project}`))
  })))
  return seen
}

test('many write at once and nobody meets a lock', { timeout: 300000 }, async context => {
  const server = await startServer(['--no_trainer'])
  try {
    const admin = await loginAdmin(server)
    const writers = await makeWriters(server, writerCount, { seed })
    const seen = await watchers(server, writers)
    const end = Date.now() + 1000 * loadSeconds
    await Promise.all(writers.map(writer => writer.run(() => Date.now() > end)))
    seen.close()
    const problems = writers.flatMap(writer => writer.problems)
    context.diagnostic(`seed ${seed}: ${writers.reduce((sum, one) => sum + one.acknowledged, 0)} writes, ${seen.frames} frames`)
    assert.deepEqual(problems, [], `seed ${seed}`)
    assert.ok(seen.frames > 0)
    for (const writer of writers) await writer.check(admin)
    assert.equal(await integrity(server), 'ok')
    assert.doesNotMatch(server.child.messages, /locked|error/i)
  } finally {
    await stopServer(server)
  }
})

test('a killed server has lost nothing that it acknowledged', { timeout: 600000 }, async context => {
  let server = await startServer(['--no_trainer'])
  const admin = await loginAdmin(server)
  const writers = await makeWriters(server, writerCount, { seed })
  const random = randomOf(seed)
  let underWay = 0

  try {
    for (let round = 0; round < kills; round++) {
      let isKilled = false
      const running = writers.map(writer => writer.run(() => isKilled))
      await pause(100 + 900 * random())
      isKilled = true
      await killServer(server)
      await Promise.all(running)
      underWay += writers.filter(writer => writer.underWay).length
      server = await startServer(['--no_trainer'], server)
      assert.equal(await integrity(server), 'ok')
      for (const writer of writers) {
        writer.server = server
        await writer.check(admin)
        assert.deepEqual(writer.problems, [], `seed ${seed}, kill ${round + 1}`)
      }
    }
    const writes = writers.reduce((sum, one) => sum + one.acknowledged, 0)
    context.diagnostic(`seed ${seed}: ${kills} kills, ${writes} writes acknowledged, ${underWay} cut off`)
    assert.ok(writes > 0 && underWay > 0)
  } finally {
    await stopServer(server)
  }
})

/* Passwords cost what they cost on purpose; who has logged in must not pay for it. */
test('fifty who log in at once hold nobody else up', { timeout: 120000 }, async context => {
  const server = await startServer(['--no_trainer'])
  try {
    const token = await login(server, 'a@example.com'), times = []
    const body = { email: 'a@example.com', password: 'long enough 1' }
    const begin = performance.now()
    let isOver = false
    const readers = Array.from({ length: 4 }, async () => {
      while (!isOver) {
        const asked = performance.now()
        await expectCall(server, 200, 'GET', '/api/v1/projects', { token })
        times.push(performance.now() - asked)
      }
    })
    await Promise.all(Array.from({ length: 50 }, () => expectCall(server, 200, 'POST', '/api/v1/auth/login', { body })))
    const total = performance.now() - begin
    isOver = true
    await Promise.all(readers)
    times.sort((a, b) => a - b)
    const p99 = times[Math.floor(0.99 * (times.length - 1))]
    context.diagnostic(`${total.toFixed(0)} ms of logins, ${times.length} others, p99 ${p99.toFixed(0)} ms`)
    assert.ok(p99 < total / 4, `${p99} of ${total} ms`)
  } finally {
    await stopServer(server)
  }
})
