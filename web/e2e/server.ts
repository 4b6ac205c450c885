/* server.ts - tests against a real server with a fresh data folder; one per worker.
 *
 *   test('...', async ({ page, server }) => { await server.login(page) ... }) */
import { expect, test as base, type Page } from '@playwright/test'
import { spawn, type ChildProcess } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const program = resolve(process.env.FOVEA ?? '../build/release/bin/fovea')

export const admin = { email: 'admin@example.com', password: 'long enough 1', full_name: 'Admin' }

export type Server = {
  url: string
  /** of the first account; good until it is used */
  setupLink: string
  /** makes the first account unless it exists */
  ensureAdmin: () => Promise<void>
  /** that, and logs the page in */
  login: (page: Page) => Promise<void>
  /** a request with the administrator's token */
  call: <T>(method: string, path: string, body?: unknown) => Promise<T>
  stop: () => Promise<void>
  /** as the system would for want of memory; its engines go on */
  kill: () => Promise<void>
  restart: () => Promise<void>
}

async function start(
  data: string,
  port: number,
  more: readonly string[],
): Promise<{ child: ChildProcess; printed: string }> {
  const engine = process.env.FOVEA_ENGINE ? ['--engine', process.env.FOVEA_ENGINE] : []
  const args = ['serve', '--data', data, '--port', String(port), '--quiet', ...engine, ...more]
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] })
  let printed = ''
  await new Promise<void>((done, fail) => {
    child.stdout!.on('data', (piece) => {
      printed += piece
      if (/data in .*\n/.test(printed)) done()
    })
    child.on('exit', (code) => fail(new Error(`fovea ended with ${code}: ${printed}`)))
    child.on('error', fail)
  })
  await new Promise((done) => setImmediate(done))
  return { child, printed }
}

const end = (child: ChildProcess, signal: NodeJS.Signals = 'SIGINT') =>
  new Promise<void>((done) => {
    if (child.exitCode !== null || child.signalCode !== null) return done()
    child.on('exit', () => done())
    child.kill(signal)
  })

/** Ends with remove(), which removes the data too; `more` are further arguments of the program. */
export async function createServer(
  data = mkdtempSync(join(tmpdir(), 'fovea-e2e-')),
  more: readonly string[] = [],
): Promise<Server & { remove: () => Promise<void> }> {
  let { child, printed } = await start(data, 0, more)
  const url = /http:\/\/[\d.]+:\d+/.exec(printed)![0]
  const port = Number(new URL(url).port)
  child.stdout!.on('data', (piece) => (printed += piece))
  await expect.poll(() => printed).toMatch(/setup\?token=\w+\n/)
  const setupLink = /http\S+setup\?token=\w+/.exec(printed)![0]
  let token = ''

  const send = async <T = { needed: boolean; access_token: string }>(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<T> => {
    const answer = await fetch(url + path, {
      method,
      headers: {
        'Content-Type': 'application/json',
        ...(token && { Authorization: `Bearer ${token}` }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    })
    if (answer.status === 401 && token) {
      // Another test has changed the password, which ends all sessions.
      token = ''
      await ensureAdmin()
      return send(method, path, body)
    }
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${await answer.text()}`)
    return answer.json() as Promise<T>
  }
  const ensureAdmin = async () => {
    if (token) return
    const { needed } = await send('GET', '/api/v1/setup')
    const session = needed
      ? await send('POST', '/api/v1/setup', {
          token: new URL(setupLink).searchParams.get('token'),
          ...admin,
        })
      : await send('POST', '/api/v1/auth/login', { email: admin.email, password: admin.password })
    token = session.access_token
  }
  return {
    url,
    setupLink,
    ensureAdmin,
    login: async (page) => {
      await ensureAdmin()
      const answer = await page.request.post(url + '/api/v1/auth/login', {
        data: { email: admin.email, password: admin.password },
        headers: { Origin: url },
      })
      expect(answer.ok()).toBe(true)
    },
    call: async (method, path, body) => {
      await ensureAdmin()
      return send(method, path, body)
    },
    stop: () => end(child),
    kill: () => end(child, 'SIGKILL'),
    restart: async () => {
      await end(child)
      ;({ child } = await start(data, port, more))
    },
    remove: async () => {
      await end(child)
      rmSync(data, { recursive: true, force: true })
    },
  }
}

export const test = base.extend<{ baseURL: string; freshServer: Server }, { server: Server }>({
  /** for the test alone, without any account */
  freshServer: async ({}, provide) => {
    const server = await createServer()
    await provide(server)
    await server.remove()
  },
  server: [
    async ({}, provide) => {
      const server = await createServer()
      await provide(server)
      await server.remove()
    },
    { scope: 'worker' },
  ],
  baseURL: async ({ server }, provide) => provide(server.url),
})

export { expect }
