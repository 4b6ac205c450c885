import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { act, cleanup, renderHook, waitFor } from '@testing-library/react'
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { noteAnswer } from '@/api/connection'
import { keys } from '@/api/keys'
import { setLocale } from '@/i18n/i18n'
import { useLogout } from './api'

const client = new QueryClient()
const me = { id: 1, email: 'a@b.c' }

function show() {
  client.setQueryData(keys.me, me as never)
  client.setQueryData(keys.projects, [] as never)
  return renderHook(() => useLogout(), {
    wrapper: ({ children }) => (
      <QueryClientProvider client={client}>{children}</QueryClientProvider>
    ),
  })
}

const answers = (answer: () => Promise<Response>) => vi.stubGlobal('fetch', vi.fn(answer))
const json = (status: number, body: object) =>
  Promise.resolve(
    new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } }),
  )

beforeAll(() => setLocale('en'))
beforeEach(() => localStorage.setItem('access_token', 'x'))
afterEach(() => {
  noteAnswer() // no search for the server goes on
  cleanup()
  client.clear()
  vi.unstubAllGlobals()
})

describe('a logout', () => {
  it('takes away what was seen here', async () => {
    answers(() => json(200, { message: 'Logged out' }))
    const { result } = show()
    act(() => result.current.mutate())
    await waitFor(() => expect(result.current.isSuccess).toBe(true))
    expect(client.getQueryData(keys.me)).toBeNull()
    expect(client.getQueryData(keys.projects)).toBeUndefined()
    expect(localStorage.getItem('access_token')).toBeNull()
  })
  it.each([
    ['has no answer', () => Promise.reject(new TypeError('Failed to fetch'))],
    ['is refused', () => json(503, { detail: 'Not now', code: 'UNAVAILABLE' })],
  ])('changes nothing when it %s', async (_, answer) => {
    answers(answer)
    const { result } = show()
    act(() => result.current.mutate())
    await waitFor(() => expect(result.current.isError).toBe(true))
    expect(client.getQueryData(keys.me)).toEqual(me)
    expect(client.getQueryData(keys.projects)).toEqual([])
    expect(localStorage.getItem('access_token')).toBe('x')
  })
  it('is done when the session was over already', async () => {
    answers(() => json(401, { detail: 'Not authenticated', code: 'UNAUTHORIZED' }))
    const { result } = show()
    act(() => result.current.mutate())
    await waitFor(() => expect(result.current.isSuccess).toBe(true))
    expect(client.getQueryData(keys.me)).toBeNull()
  })
})
