/* exchange.test.mjs - a training service alone is exchanged for one that knows another model, and
 * the platform, which runs on, shows it. */

import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { chmod, copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { test } from 'node:test'
import { expectCall, program, startServer, stopServer, until } from './support.mjs'

const secret = 'shared by both'

/* A program whose engine does not know the model: the real one with a row less. */
async function olderProgram(folder, model) {
  const engine = join(dirname(program), 'fovea-engine')
  await copyFile(program, join(folder, 'fovea'))
  await writeFile(join(folder, 'fovea-engine'), `#!${process.execPath}
const { status, stdout } = require('node:child_process').spawnSync(${JSON.stringify(engine)}, process.argv.slice(2),
  { encoding: 'utf8', stdio: ['inherit', 'pipe', 'inherit'], maxBuffer: 1 << 26 })
process.stdout.write(process.argv[2] === 'models'
  ? JSON.stringify(JSON.parse(stdout).filter(row => row.model_name !== ${JSON.stringify(model)})) : stdout)
process.exitCode = status
`)
  await chmod(join(folder, 'fovea-engine'), 0o755)
  return join(folder, 'fovea')
}

async function freePort() {
  const holder = createServer().listen(0, '127.0.0.1')
  await new Promise(resolve => holder.once('listening', resolve))
  const { port } = holder.address()
  await new Promise(resolve => holder.close(resolve))
  return port
}

async function stop(child) {
  const ended = new Promise(resolve => child.once('exit', resolve))
  child.kill('SIGTERM')
  await ended
}

test('yolo11l appears when the ultralytics service alone is exchanged', { timeout: 120000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'fovea-exchange-'))
  const older = await olderProgram(folder, 'yolo11l')
  const port = await freePort()
  const serve = file => spawn(file, ['trainer', '--framework', 'ultralytics', '--port', String(port), '--data',
    join(folder, 'data'), '--quiet'], { env: { ...process.env, INTERNAL_SECRET: secret }, stdio: 'ignore' })
  process.env.ULTRALYTICS_SERVICE_URL = `http://127.0.0.1:${port}`
  const server = await startServer(['--no_trainer'], { secret })
  delete process.env.ULTRALYTICS_SERVICE_URL
  const names = async () => (await expectCall(server, 200, 'GET', '/api/v1/models/list?framework=ultralytics&refresh=1'))
    .map(model => model.model_name)

  let service = serve(older)
  const before = await until(async () => {
    const list = await names()
    return list.includes('yolo11m') && list
  })
  assert.ok(!before.includes('yolo11l') && before.includes('yolo11n'))
  await stop(service)
  service = serve(program)
  const after = await until(async () => {
    const list = await names()
    return list.includes('yolo11l') && list
  })
  assert.deepEqual(after.filter(name => name !== 'yolo11l'), before)
  assert.equal(server.child.exitCode, null)
  await stop(service)
  await stopServer(server)
  await rm(folder, { recursive: true, force: true })
})
