import { QueryClient, QueryClientProvider, QueryObserver } from '@tanstack/react-query'
import { cleanup, renderHook } from '@testing-library/react'
import { createElement } from 'react'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Frame } from '@/api/stream'
import { seriesQuery, type Series } from './api'
import { useLiveSeries, withEpoch } from './use-live-series'

let send: (frame: Frame) => void
vi.mock('@/api/stream', () => ({
  stream: { state: { subscribe: () => () => undefined } },
  useChannel: (_: string, listener: (frame: Frame) => void) => (send = listener),
}))

const series = (more: Partial<Series>): Series => ({
  name: 'loss',
  axis: 'epoch',
  resolution: 1,
  x: [1, 2],
  min: [0.9, 0.8],
  max: [0.9, 0.8],
  last: [0.9, 0.8],
  ...more,
})

describe('a live epoch', () => {
  it('stands at the end', () => {
    expect(withEpoch([series({})], 3, { loss: 0.7 })?.[0]).toMatchObject({
      x: [1, 2, 3],
      last: [0.9, 0.8, 0.7],
    })
  })
  it('replaces itself when it comes again', () => {
    expect(withEpoch([series({})], 2, { loss: 0.5 })?.[0]).toMatchObject({
      x: [1, 2],
      last: [0.9, 0.5],
    })
  })
  it('leaves series by step as they are', () => {
    const step = series({ name: 'step_loss', axis: 'step' })
    expect(withEpoch([step], 3, {})).toEqual([step])
  })
  it('is the server’s to tell where epochs are joined, missing or out of order', () => {
    expect(withEpoch([series({ resolution: 4 })], 3, { loss: 1 })).toBeNull()
    expect(withEpoch([series({})], 3, { accuracy: 1 })).toBeNull()
    expect(withEpoch([series({})], 1, { loss: 1 })).toBeNull()
    expect(withEpoch([series({})], 4, { loss: 1 })).toBeNull()
    expect(withEpoch([series({ x: [], min: [], max: [], last: [] })], 2, { loss: 1 })).toBeNull()
  })
})

describe('the curves of a job', () => {
  const { queryKey } = seriesQuery(5, ['loss'])
  const fetchSeries = vi.fn<() => Promise<Series[]>>()
  let client: QueryClient
  const show = () => {
    const observer = new QueryObserver<Series[]>(client, {
      queryKey,
      queryFn: fetchSeries,
      staleTime: Infinity,
    })
    const hide = observer.subscribe(() => undefined)
    const page = renderHook(() => useLiveSeries(5), {
      wrapper: ({ children }) => createElement(QueryClientProvider, { client }, children),
    })
    return () => {
      hide()
      page.unmount()
    }
  }
  const epoch = (number: number) =>
    send({ type: 'training_progress', epoch: number, loss: 0.1, accuracy: 0.5 })
  const epochs = () => client.getQueryData<Series[]>(queryKey)?.[0]?.x

  beforeEach(() => {
    vi.useFakeTimers()
    client = new QueryClient()
    fetchSeries.mockReset().mockResolvedValue([series({})])
  })
  afterEach(() => {
    cleanup()
    vi.useRealTimers()
  })

  it('are asked for again after the page was left', async () => {
    const leave = show()
    await vi.advanceTimersByTimeAsync(10)
    epoch(3)
    expect(epochs()).toEqual([1, 2, 3])
    leave()
    expect(fetchSeries).toHaveBeenCalledTimes(1)
    fetchSeries.mockResolvedValue([series({ x: [1, 2, 3, 4, 5] })])
    show()
    await vi.advanceTimersByTimeAsync(10)
    expect(fetchSeries).toHaveBeenCalledTimes(2)
    expect(epochs()).toEqual([1, 2, 3, 4, 5])
  })
  it('are asked for again where an epoch came before the first answer, or one is missing', async () => {
    show()
    epoch(3)
    await vi.advanceTimersByTimeAsync(2000)
    expect(fetchSeries).toHaveBeenCalledTimes(2)
    epoch(7)
    expect(epochs()).toEqual([1, 2])
    await vi.advanceTimersByTimeAsync(2000)
    expect(fetchSeries).toHaveBeenCalledTimes(3)
  })
})
