/* jobs.ts - what can be done with a job in which state, and the requests that do it.  The server
 * has the same table and decides; here it only chooses what is offered. */
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { api, ok } from './client'
import { keys } from './keys'
import type { Job } from './queries'

export type JobStatus = Job['status']
export const jobStatuses: readonly JobStatus[] = [
  'pending',
  'running',
  'completed',
  'failed',
  'cancelled',
  'stopped',
]

const jobActionNames = [
  'start',
  'resume',
  'stop',
  'dequeue',
  'cancel',
  'restart',
  'clone',
  'delete',
] as const
export type JobAction = (typeof jobActionNames)[number]

type Rulable = Pick<Job, 'status' | 'queued_at' | 'current_epoch' | 'best_checkpoint_path'>

/** Pending, but its start was asked for: it waits for a free place. */
export const isQueued = (job: Pick<Job, 'status' | 'queued_at'>) =>
  job.status === 'pending' && Boolean(job.queued_at)

const rules: Record<JobAction, (job: Rulable) => boolean> = {
  start: (job) => job.status === 'pending' && !isQueued(job),
  resume: (job) =>
    job.status === 'stopped' ||
    (job.status === 'failed' && (job.current_epoch > 0 || Boolean(job.best_checkpoint_path))),
  stop: (job) => job.status === 'running',
  dequeue: isQueued,
  cancel: (job) => ['pending', 'running', 'stopped'].includes(job.status),
  restart: (job) => ['completed', 'failed', 'cancelled', 'stopped'].includes(job.status),
  clone: () => true,
  delete: () => true,
}

/** In the order of menus. */
export const actionsOf = (job: Rulable): JobAction[] =>
  jobActionNames.filter((action) => rules[action](job))

/** 0..1, of epochs that are done. */
export const jobProgress = (job: Pick<Job, 'current_epoch' | 'total_epochs' | 'status'>) =>
  job.status === 'completed'
    ? 1
    : job.total_epochs > 0
      ? Math.min(1, job.current_epoch / job.total_epochs)
      : 0

export const jobName = (job: Pick<Job, 'id' | 'experiment_name' | 'model_name'>) =>
  job.experiment_name || `${job.model_name} #${job.id}`

export const jobTags = (job: Pick<Job, 'tags'>): string[] =>
  Array.isArray(job.tags) ? job.tags.filter((tag): tag is string => typeof tag === 'string') : []

type Done = { message?: string; id?: number; status?: string }

function request(action: JobAction, id: number, force: boolean): Promise<Done> {
  const path = { job_id: id }
  const query = force ? ({ force: '1' } as never) : undefined
  switch (action) {
    case 'start':
      return ok(api.POST('/api/v1/training/jobs/{job_id}/start', { params: { path }, body: {} }))
    case 'resume':
      return ok(
        api.POST('/api/v1/training/jobs/{job_id}/start', {
          params: { path },
          body: { resume: true },
        }),
      )
    case 'stop':
    case 'dequeue':
      return ok(api.POST('/api/v1/training/jobs/{job_id}/stop', { params: { path }, body: {} }))
    case 'cancel':
      return ok(api.POST('/api/v1/training/jobs/{job_id}/cancel', { params: { path }, body: {} }))
    case 'restart':
      return ok(
        api.POST('/api/v1/training/jobs/{job_id}/restart', { params: { path, query }, body: {} }),
      )
    case 'clone':
      return ok(api.POST('/api/v1/training/jobs/{job_id}/clone', { params: { path }, body: {} }))
    case 'delete':
      return ok(api.DELETE('/api/v1/training/jobs/{job_id}', { params: { path, query } }))
  }
}

type JobCommand = { action: JobAction; job: Pick<Job, 'id'>; force?: boolean }

/** One mutation for all of them; what lists and queues show is asked again. */
export function useJobCommand() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: ({ action, job, force = false }: JobCommand) => request(action, job.id, force),
    onSettled: (_done, _error, { action, job }) => {
      void client.invalidateQueries({ queryKey: keys.jobLists })
      void client.invalidateQueries({ queryKey: keys.queue })
      void client.invalidateQueries({ queryKey: keys.projects })
      if (action === 'delete') client.removeQueries({ queryKey: keys.job(job.id) })
      else void client.invalidateQueries({ queryKey: keys.job(job.id) })
    },
  })
}
