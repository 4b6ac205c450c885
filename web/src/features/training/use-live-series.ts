/* use-live-series.ts - curves that grow: the server's series, to which live epochs are added at
 * once where nothing is joined yet, and which are asked for again otherwise. */
import { useQueryClient, type QueryClient } from '@tanstack/react-query'
import { useEffect, useRef } from 'react'
import { keys } from '@/api/keys'
import { stream, useChannel, type ProgressFrame } from '@/api/stream'
import type { Series } from './api'

const EPOCH_WAIT_MS = 1000
const STEP_WAIT_MS = 4000

type Request = { names?: readonly string[]; from?: number; to?: number }

const requestOf = (queryKey: readonly unknown[]) => (queryKey[4] ?? {}) as Request

/** The epoch in its place at the end; null: the server must be asked. */
export function withEpoch(
  all: readonly Series[],
  epoch: number,
  values: Readonly<Record<string, number | null | undefined>>,
): Series[] | null {
  const next: Series[] = []
  for (const series of all) {
    const value = values[series.name]
    if (series.axis !== 'epoch') {
      next.push(series)
      continue
    }
    const last = series.x.at(-1) ?? 0
    if (series.resolution !== 1 || typeof value !== 'number') return null
    // Between them are epochs that nobody heard, or that were not validated: not ours to tell.
    if (epoch < last || epoch > last + 1) return null
    const keep = epoch === last ? -1 : undefined
    const add = <T>(column: readonly T[], item: T) => [...column.slice(0, keep), item]
    next.push({
      ...series,
      x: add(series.x, epoch),
      min: add(series.min, value),
      max: add(series.max, value),
      last: add(series.last, value),
    })
  }
  return next
}

function addEpoch(client: QueryClient, id: number, frame: ProgressFrame): boolean {
  const { epoch, loss, accuracy, learning_rate, data } = frame
  const values = { ...data?.extra_metrics, loss, accuracy, learning_rate }
  let complete = true
  for (const query of client.getQueryCache().findAll({ queryKey: keys.metrics(id) })) {
    const old = query.state.data as Series[] | undefined
    const { names, from, to } = requestOf(query.queryKey)
    if (from !== undefined || to !== undefined) continue
    if (!query.isActive()) {
      query.invalidate() // asked again when it is shown again
      continue
    }
    // Without `old` the first answer is under way, and may have been made before this epoch.
    const next = old && old.length === names?.length ? withEpoch(old, epoch, values) : null
    if (next) client.setQueryData(query.queryKey, next)
    else complete = false
  }
  return complete
}

/** Keeps all curves of the job in the cache true while the component is there. */
export function useLiveSeries(id: number): void {
  const client = useQueryClient()
  const timers = useRef<Partial<Record<'epoch' | 'step', ReturnType<typeof setTimeout>>>>({})
  useEffect(() => {
    const own = timers.current
    let wasLost = false
    const stop = stream.state.subscribe(() => {
      const state = stream.state.get()
      if (state === 'disconnected') wasLost = true
      if (state !== 'connected' || !wasLost) return
      wasLost = false // what was missed meanwhile
      void client.invalidateQueries({ queryKey: keys.job(id) })
    })
    return () => {
      stop()
      Object.values(own).forEach(clearTimeout)
      timers.current = {}
      // What comes from now on is not heard here.
      void client.invalidateQueries({ queryKey: keys.metrics(id), refetchType: 'none' })
    }
  }, [client, id])

  const askSoon = (what: 'epoch' | 'step', wait: number) => {
    timers.current[what] ??= setTimeout(() => {
      delete timers.current[what]
      void client.invalidateQueries({ queryKey: keys.metricSchema(id) })
      void client.invalidateQueries({
        queryKey: keys.metrics(id),
        predicate: ({ state, queryKey }) => {
          const { names = [] } = requestOf(queryKey)
          const series = state.data as Series[] | undefined
          if (!series || series.length < names.length) return true
          return what === 'epoch' || series.some((s) => s.axis === 'step')
        },
      })
    }, wait)
  }

  useChannel(`experiment:${id}`, (frame) => {
    if (frame.type === 'training_step') askSoon('step', STEP_WAIT_MS)
    if (frame.replay) return
    if (frame.type === 'training_progress' && !addEpoch(client, id, frame as ProgressFrame))
      askSoon('epoch', EPOCH_WAIT_MS)
    if (frame.type === 'training_status_change') {
      // Restarted: its results are gone.
      if (frame.new_status === 'pending') client.removeQueries({ queryKey: keys.metrics(id) })
      askSoon('epoch', 0)
    }
  })
}
