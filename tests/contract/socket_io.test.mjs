/* socket_io.test.mjs - the stock client of Socket.IO, by each of its ways. */

import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { io } from 'socket.io-client'
import { expectCall, login, loginAdmin, newJob, report, startServer, stopServer } from './support.mjs'

const epoch = number => ({ epoch: number, loss: 1 / number, accuracy: 0.85, learning_rate: 0.0008,
  extra_metrics: { val_loss: 0.5 } })
const waitMilliseconds = 20000

let server, token
const sockets = []

before(async () => {
  server = await startServer()
  token = await loginAdmin(server)
})
after(async () => {
  for (const socket of sockets) socket.disconnect()
  await stopServer(server)
})

function open(options = {}) {
  const socket = io(server.url, { auth: { token }, forceNew: true, reconnectionDelay: 50, ...options })
  sockets.push(socket)
  return socket
}

/* The argument of the next such event. */
function next(emitter, event) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no '${event}' came`)), waitMilliseconds)
    emitter.once(event, argument => {
      clearTimeout(timer)
      resolve(argument)
    })
  })
}

async function follows(socket, job) {
  const subscribed = next(socket, 'subscribed')
  const status = next(socket, 'training_status_change')
  socket.emit('subscribe', `experiment:${job.id}`)
  assert.equal((await subscribed).job_id, job.id)
  assert.equal((await status).new_status, 'pending')
  const progress = next(socket, 'training_progress')
  await report(server, job.id, 'epoch_complete', epoch(10))
  const frame = await progress
  assert.equal(frame.experiment_id, job.id)
  assert.equal(frame.epoch, 10)
  assert.equal(frame.loss, 0.1)
  assert.equal(frame.accuracy, 0.85)
  assert.equal(frame.data.extra_metrics.val_loss, 0.5)
}

for (const [name, options, transport] of [
  ['polling only', { transports: ['polling'] }, 'polling'],
  ['a WebSocket only', { transports: ['websocket'] }, 'websocket'],
]) {
  test(`a client with ${name} follows a job`, async () => {
    const job = await newJob(server, token)
    const socket = open(options)
    await next(socket, 'connect')
    await follows(socket, job)
    assert.equal(socket.io.engine.transport.name, transport)
    socket.disconnect()
  })
}

test('a client moves from polling to a WebSocket and loses nothing', async () => {
  const job = await newJob(server, token)
  const socket = open()
  const seen = []
  socket.on('training_progress', frame => seen.push(frame.epoch))
  await next(socket, 'connect')
  const upgraded = socket.io.engine.transport.name === 'websocket'
    ? Promise.resolve() : next(socket.io.engine, 'upgrade')
  const subscribed = next(socket, 'training_status_change')
  socket.emit('subscribe', `experiment:${job.id}`)
  await subscribed
  for (let number = 1; number <= 20; number++) await report(server, job.id, 'epoch_complete', epoch(number))
  await upgraded
  assert.equal(socket.io.engine.transport.name, 'websocket')
  while (seen.length < 20) await next(socket, 'training_progress')
  assert.deepEqual(seen, Array.from({ length: 20 }, (_, i) => i + 1))
  socket.disconnect()
})

test('a late client is told the epochs so far', async () => {
  const job = await newJob(server, token)
  await report(server, job.id, 'epoch_complete', epoch(1))
  await report(server, job.id, 'epoch_complete', epoch(2))
  const socket = open()
  const seen = []
  socket.on('training_progress', frame => seen.push([frame.epoch, frame.replay]))
  await next(socket, 'connect')
  const status = next(socket, 'training_status_change')
  socket.emit('subscribe', `experiment:${job.id}`)
  await status
  assert.deepEqual(seen, [[1, true], [2, true]])
  socket.disconnect()
})

test('emits are acknowledged, and unsubscribing ends them', async () => {
  const job = await newJob(server, token)
  const socket = open({ transports: ['websocket'] })
  await next(socket, 'connect')
  const status = next(socket, 'training_status_change')
  await socket.timeout(waitMilliseconds).emitWithAck('subscribe', `experiment:${job.id}`)
  await status
  const unsubscribed = next(socket, 'unsubscribed')
  socket.emit('unsubscribe', `experiment:${job.id}`)
  await unsubscribed
  let count = 0
  socket.on('training_progress', () => count++)
  await report(server, job.id, 'epoch_complete', epoch(1))
  const again = next(socket, 'training_status_change')
  socket.emit('subscribe', `experiment:${job.id}`)
  await again
  assert.equal(count, 1) // the one that is told again
  socket.disconnect()
})

test('a client without good credentials is refused', async () => {
  for (const auth of [{}, { token: 'no.such.token' }]) {
    const socket = open({ auth })
    const error = await next(socket, 'connect_error')
    assert.match(error.message, /Not authenticated|Could not validate credentials/)
    assert.ok(!socket.connected)
    socket.disconnect()
  }
})

test('a client may send its token in the query, in a header or as the cookie', async () => {
  for (const options of [
    { auth: {}, query: { token } },
    { auth: {}, extraHeaders: { Authorization: `Bearer ${token}` } },
    { auth: {}, extraHeaders: { Cookie: `access_token=${token}` } },
  ]) {
    const socket = open(options)
    await next(socket, 'connect')
    socket.disconnect()
  }
})

test('another namespace and other people\'s jobs are refused', async () => {
  const job = await newJob(server, token)
  const other = io(`${server.url}/other`, { auth: { token }, forceNew: true })
  sockets.push(other)
  assert.equal((await next(other, 'connect_error')).message, 'Invalid namespace')
  other.disconnect()
  const socket = open({ auth: { token: await login(server, 'stranger@example.com') } })
  await next(socket, 'connect')
  const error = next(socket, 'error')
  socket.emit('subscribe', `experiment:${job.id}`)
  assert.equal((await error).message, 'Training job not found')
  socket.disconnect()
})

test('a client comes back by itself after its connection was cut', async () => {
  const job = await newJob(server, token)
  const socket = open()
  await next(socket, 'connect')
  const gone = next(socket, 'disconnect')
  const back = next(socket, 'connect')
  socket.io.engine.transport.ws ? socket.io.engine.transport.ws.close() : socket.io.engine.close()
  await gone
  await back
  await follows(socket, job)
  socket.disconnect()
})

test('a native WebSocket gets the same frame', async () => {
  const { WebSocket } = await import('ws')
  const job = await newJob(server, token)
  const socket = new WebSocket(`${server.url.replace('http', 'ws')}/ws/training/${job.id}?token=${token}`)
  const frames = []
  let wake = () => {}
  socket.on('message', data => {
    frames.push(JSON.parse(data))
    wake()
  })
  const until = async type => {
    while (!frames.some(frame => frame.type === type)) await new Promise(resolve => { wake = resolve })
    return frames.find(frame => frame.type === type)
  }
  await until('training_status_change')
  await report(server, job.id, 'epoch_complete', epoch(10))
  const frame = await until('training_progress')
  assert.deepEqual(Object.keys(frame.data), ['epoch', 'loss', 'accuracy', 'learning_rate', 'extra_metrics'])
  assert.equal(frame.data.epoch, 10)
  const metrics = await expectCall(server, 200, 'GET', `/api/v1/training/jobs/${job.id}/metrics`, { token })
  assert.equal(metrics[0].epoch, 10)
  socket.close()
})

test('requests that are no Engine.IO are refused in its words', async () => {
  const ask = async (path, options) => {
    const response = await fetch(server.url + path, options)
    return [response.status, (await response.json()).message]
  }
  assert.deepEqual(await ask('/socket.io/?EIO=3&transport=polling'), [400, 'Unsupported protocol version'])
  assert.deepEqual(await ask('/socket.io/?EIO=4&transport=smoke'), [400, 'Transport unknown'])
  assert.deepEqual(await ask('/socket.io/?EIO=4&transport=polling&sid=none'), [400, 'Session ID unknown'])
  assert.deepEqual(await ask('/socket.io/?EIO=4&transport=polling', { method: 'POST', body: '40' }),
    [400, 'Bad handshake method'])
})
