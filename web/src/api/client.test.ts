import { beforeEach, describe, expect, it, vi } from 'vitest'
import { createApi, ok, onSignedOut } from './client'
import { ApiError } from './errors'

type Reply = (request: Request) => Response | Promise<Response>

const json = (status: number, body: unknown) =>
  new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } })

/** A server whose session has run out until somebody refreshes. */
function server(refresh: Reply) {
  const seen: string[] = []
  let isFresh = false
  const send = async (request: Request) => {
    const { pathname } = new URL(request.url)
    seen.push(`${request.method} ${pathname} ${await request.clone().text()}`.trim())
    if (pathname === '/api/v1/auth/refresh') {
      await new Promise((resolve) => setTimeout(resolve, 5))
      const answer = await refresh(request)
      isFresh = answer.ok
      return answer
    }
    return isFresh
      ? json(200, [])
      : json(401, { detail: 'Not authenticated', code: 'UNAUTHORIZED' })
  }
  return { seen, send }
}

describe('the client', () => {
  beforeEach(() => localStorage.clear())

  it('refreshes once for all requests that wait, and sends each again', async () => {
    const { seen, send } = server(() => json(200, {}))
    const api = createApi(send)
    const [a, b] = await Promise.all([
      ok(api.GET('/api/v1/projects')),
      ok(api.POST('/api/v1/projects', { body: { name: 'x' } })),
    ])
    expect([a, b]).toEqual([[], []])
    expect(seen.filter((line) => line.includes('refresh'))).toHaveLength(1)
    expect(seen.filter((line) => line === 'POST /api/v1/projects {"name":"x"}')).toHaveLength(2)
  })

  it('ends the session when the refresh is refused, without asking again', async () => {
    const { seen, send } = server(() =>
      json(401, { detail: 'Invalid refresh token', code: 'UNAUTHORIZED' }),
    )
    const signedOut = vi.fn()
    const end = onSignedOut(signedOut)
    await expect(ok(createApi(send).GET('/api/v1/projects'))).rejects.toMatchObject({ status: 401 })
    expect(signedOut).toHaveBeenCalledOnce()
    expect(seen).toHaveLength(2)
    end()
  })

  it('takes a wrong password for an answer', async () => {
    const { seen, send } = server(() => json(200, {}))
    const login = createApi(send).POST('/api/v1/auth/login', {
      body: { email: 'a@b', password: 'c' },
    })
    await expect(ok(login)).rejects.toBeInstanceOf(ApiError)
    expect(seen).toHaveLength(1)
  })

  it('gives the fields of a refused body', async () => {
    const body = {
      detail: [{ loc: ['body', 'config', 'epochs'], msg: 'too many', type: 'value' }],
      code: 'VALIDATION_ERROR',
    }
    const api = createApi(async () => json(422, body))
    const error = await ok(api.GET('/api/v1/projects')).catch((e: ApiError) => e)
    expect((error as ApiError).fields).toEqual([{ field: 'config.epochs', message: 'too many' }])
  })

  it('says when the server is silent', async () => {
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('no network')))
    const api = createApi(() => Promise.reject(new TypeError('no network')))
    await expect(ok(api.GET('/api/v1/projects'))).rejects.toMatchObject({
      status: 0,
      code: 'NETWORK',
    })
    vi.unstubAllGlobals()
  })
})
