/* client.ts - typed requests: ok(api.GET('/api/v1/projects')) gives the body or throws ApiError.
 *
 * A 401 refreshes the session once for all requests that wait, then each is sent once more; a second
 * 401 ends the session.  No answer at all is ApiError 0 and starts the search of connection.ts. */
import createClient from 'openapi-fetch'
import { noteAnswer, noteSilence } from './connection'
import { ApiError, errorFrom } from './errors'
import { usesBearer } from './config'
import { absolute, accessToken, forgetTokens, refreshSession, type Fetch } from './session'
import type { components, paths } from './schema'

export type Schemas = components['schemas']

const signedOutListeners = new Set<() => void>()

/** Called when a request was refused although the session was refreshed. */
export function onSignedOut(listener: () => void): () => void {
  signedOutListeners.add(listener)
  return () => void signedOutListeners.delete(listener)
}

/** What answers about the credentials themselves: a 401 there is an answer, not an old session. */
const isAboutCredentials = (url: string) =>
  /\/api\/v1\/(auth\/(login|refresh|logout|register|password)|setup)$/.test(new URL(url).pathname)

function withToken(request: Request): Request {
  const token = accessToken()
  if (token) request.headers.set('Authorization', `Bearer ${token}`)
  return request
}

async function answered(send: Fetch, request: Request): Promise<Response> {
  try {
    const response = await send(request)
    noteAnswer()
    return response
  } catch (problem) {
    if (problem instanceof DOMException && problem.name === 'AbortError') throw problem
    noteSilence()
    throw new ApiError(0, 'NETWORK', '')
  }
}

/** send: fetch, or a test's. */
function authenticatedFetch(send: Fetch = (request) => fetch(request)): Fetch {
  return async (request) => {
    const again = request.clone()
    const response = await answered(send, withToken(request))
    if (response.status !== 401 || isAboutCredentials(request.url)) return response
    let renewed: boolean
    try {
      renewed = await refreshSession(send)
    } catch {
      noteSilence()
      throw new ApiError(0, 'NETWORK', '')
    }
    const second = renewed ? await answered(send, withToken(again)) : response
    if (second.status === 401) {
      forgetTokens()
      signedOutListeners.forEach((listener) => listener())
    }
    return second
  }
}

export const createApi = (send?: Fetch) =>
  createClient<paths>({
    baseUrl: location.origin,
    fetch: authenticatedFetch(send),
    credentials: 'same-origin',
  })

export let api = createApi()

/** Once /config.json is there. */
export function applyConfig(): void {
  if (!usesBearer()) return
  api = createClient<paths>({
    baseUrl: new URL(absolute('/')).origin,
    fetch: authenticatedFetch(),
    credentials: 'omit',
  })
}

type Answer<T> = { data?: T; error?: unknown; response: Response }

/** The body of a good answer. */
export async function ok<T>(pending: Promise<Answer<T>>): Promise<NonNullable<T>> {
  const { data, error, response } = await pending
  if (!response.ok) throw errorFrom(response.status, error)
  return (data ?? null) as NonNullable<T>
}

/** With the header that says how many there are beyond this page. */
export async function okWithTotal<T>(
  pending: Promise<Answer<T>>,
): Promise<{ rows: NonNullable<T>; total: number }> {
  const { data, error, response } = await pending
  if (!response.ok) throw errorFrom(response.status, error)
  const rows = data as NonNullable<T>
  const count = Array.isArray(rows) ? rows.length : 0
  return { rows, total: Number(response.headers.get('X-Total-Count') ?? count) }
}
