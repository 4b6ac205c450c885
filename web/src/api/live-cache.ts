/* live-cache.ts - frames change what is cached: progress is written into jobs at once, anything that
 * happened makes the server be asked again. */
import type { QueryClient } from '@tanstack/react-query'
import type { Schemas } from './client'
import { keys } from './keys'
import type { Frame, ProgressFrame, Stream } from './stream'

type Job = Schemas['Job']

function patched(cached: unknown, id: number, change: Partial<Job>): unknown {
  if (Array.isArray(cached)) {
    const at = cached.findIndex((job: Job) => job?.id === id)
    return at < 0 ? cached : cached.with(at, { ...cached[at], ...change })
  }
  if (typeof cached !== 'object' || cached === null) return cached
  for (const member of ['rows', 'jobs'] as const) {
    const list = (cached as Record<string, unknown>)[member]
    if (!Array.isArray(list)) continue
    const next = patched(list, id, change)
    return next === list ? cached : { ...cached, [member]: next }
  }
  return (cached as Job).id === id ? { ...cached, ...change } : cached
}

function patchJob(client: QueryClient, id: number, change: Partial<Job>): void {
  client.setQueriesData({ queryKey: keys.jobLists }, (old: unknown) => patched(old, id, change))
  client.setQueryData(keys.job(id), (old: unknown) => patched(old, id, change))
}

const WAIT_MS = 300

/** Asked at most once per moment and key, however many frames come. */
function createInvalidator(client: QueryClient) {
  const waiting = new Map<string, readonly unknown[]>()
  let timer: ReturnType<typeof setTimeout> | undefined
  return (key: readonly unknown[], exact = false) => {
    waiting.set(JSON.stringify([key, exact]), key)
    timer ??= setTimeout(() => {
      timer = undefined
      const all = [...waiting]
      waiting.clear()
      for (const [text, queryKey] of all)
        void client.invalidateQueries({ queryKey, exact: text.endsWith(',true]') })
    }, WAIT_MS)
  }
}

export function connectCache(stream: Stream, client: QueryClient): () => void {
  const invalidate = createInvalidator(client)
  const changed = (id: number) => {
    invalidate(keys.job(id))
    invalidate(keys.jobLists)
    invalidate(keys.queue)
  }
  const handlers: Record<string, (id: number, frame: Frame) => void> = {
    training_progress: (id, frame) => {
      const f = frame as ProgressFrame
      if (f.replay) return
      patchJob(client, id, {
        current_epoch: f.epoch,
        progress: f.progress_percent,
        status: f.status as Job['status'],
        loss: f.loss,
        accuracy: f.accuracy,
      })
      invalidate(keys.job(id), true)
    },
    training_status_change: (id, frame) => {
      if (frame.replay) return
      patchJob(client, id, { status: frame.new_status as Job['status'] })
      changed(id)
    },
    training_complete: changed,
    training_error: changed,
    checkpoint_saved: (id) => invalidate(keys.checkpoints(id)),
    validation_result: (id) => invalidate(keys.validation(id)),
  }
  return stream.listen((frame) => {
    if (frame.job_id) handlers[frame.type]?.(frame.job_id, frame)
  })
}
