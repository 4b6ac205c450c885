/* session.ts - staying logged in.  Same origin: HttpOnly cookies that the server sets and nothing
 * here sees.  Another origin: tokens in localStorage.  A refresh runs once for all who wait, and in one
 * tab at a time where the browser can say so (https only: else the server bears it for some seconds). */
import { apiUrl, usesBearer } from './config'
import { createStore } from './store'

export type Fetch = (request: Request) => Promise<Response>

type Tokens = { access_token?: string; refresh_token?: string; user?: unknown }

export function keepTokens(tokens: Tokens): void {
  if (!usesBearer() || !tokens.access_token) return
  localStorage.setItem('access_token', tokens.access_token)
  if (tokens.refresh_token) localStorage.setItem('refresh_token', tokens.refresh_token)
  if (tokens.user) localStorage.setItem('user', JSON.stringify(tokens.user))
}

export function forgetTokens(): void {
  for (const key of ['access_token', 'refresh_token', 'user']) localStorage.removeItem(key)
}

/** Somebody was logged in, and the server does not take that any more. */
export const hasEnded = createStore(false)

/** null with cookies. */
export const accessToken = () => (usesBearer() ? localStorage.getItem('access_token') : null)
export const refreshToken = () => (usesBearer() ? localStorage.getItem('refresh_token') : null)

export const absolute = (path: string) => new URL(apiUrl(path), location.origin).href

/** For XMLHttpRequest and fetch() outside the client. */
export function authHeaders(): Record<string, string> {
  const token = accessToken()
  return token ? { Authorization: `Bearer ${token}` } : {}
}

let running: Promise<boolean> | null = null

/** New tokens; false: the session is over.  Throws when the server does not answer. */
export function refreshSession(send: Fetch = fetch): Promise<boolean> {
  running ??= oneTabAtATime(() => refresh(send)).finally(() => (running = null))
  return running
}

async function oneTabAtATime(work: () => Promise<boolean>): Promise<boolean> {
  const locks = navigator.locks as LockManager | undefined
  return locks ? await locks.request('session', work) : work()
}

async function refresh(send: Fetch): Promise<boolean> {
  const token = refreshToken()
  if (usesBearer() && !token) return false
  const response = await send(
    new Request(absolute('/api/v1/auth/refresh'), {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      credentials: usesBearer() ? 'omit' : 'same-origin',
      body: JSON.stringify(token ? { refresh_token: token } : {}),
    }),
  )
  if (response.ok) {
    keepTokens((await response.json()) as Tokens)
    return true
  }
  if (response.status >= 500 || response.status === 429) throw new TypeError('refresh failed')
  forgetTokens()
  return false
}
