import { act, cleanup, renderHook, waitFor } from '@testing-library/react'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { Frame } from '@/api/stream'
import { useLog } from './use-log'

const told = vi.hoisted(() => ({ listener: (_: Frame) => {} }))
vi.mock('@/api/stream', () => ({
  stream: { state: { get: () => 'connected', subscribe: () => () => {} } },
  useChannel: (_: string, listener: (frame: Frame) => void) => (told.listener = listener),
}))

let log: number[] // the ids of its lines

const upTo = (last: number, first = 1) =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i)

beforeEach(() => {
  log = []
  vi.stubGlobal('fetch', async (request: Request) => {
    const { searchParams } = new URL(request.url)
    const number = (name: string) => Number(searchParams.get(name))
    const ids = searchParams.has('after')
      ? log.filter((id) => id > number('after')).slice(0, number('limit'))
      : log
          .filter((id) => !searchParams.has('before') || id < number('before'))
          .slice(-number('limit'))
    const rows = ids.map((id) => ({ id, log_type: 'INFO', content: `line ${id}` }))
    return new Response(JSON.stringify(rows), { headers: { 'Content-Type': 'application/json' } })
  })
})
afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
})

const show = (follow: boolean) => renderHook(() => useLog(5, 'debug', follow)).result
const ids = (result: ReturnType<typeof show>) => result.current.loaded?.lines.map(({ id }) => id)
const hear = (frame: Partial<Frame>) => act(() => told.listener(frame as Frame))

it('begins anew with the job, whose log the server has cleared', async () => {
  log = upTo(3)
  const result = show(true)
  await waitFor(() => expect(ids(result)).toEqual([1, 2, 3]))
  hear({ type: 'training_log' }) // asked for a moment later, when the lines are gone
  log = [4]
  hear({ type: 'training_status_change', new_status: 'pending' })
  await waitFor(() => expect(ids(result)).toEqual([4]))
  log = [4, 5]
  hear({ type: 'training_status_change', new_status: 'running' })
  await waitFor(() => expect(ids(result)).toEqual([4, 5]))
})

it.each([
  [true, 2000],
  [false, 2600],
])(
  'keeps, where following is %s, %i of its lines',
  async (follow, kept) => {
    log = upTo(100)
    const result = show(follow)
    await waitFor(() => expect(ids(result)).toHaveLength(100))
    log = upTo(2600)
    hear({ type: 'training_log' })
    await waitFor(() => expect(ids(result)?.at(-1)).toBe(2600), { timeout: 5000 })
    expect(ids(result)).toHaveLength(kept)
    expect(result.current.loaded?.hasOlder).toBe(follow)
  },
  10_000,
)
