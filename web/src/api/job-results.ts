/* job-results.ts - what a job has brought forth, as several features ask for it. */
import { queryOptions } from '@tanstack/react-query'
import { api, ok, type Schemas } from './client'
import { keys } from './keys'

export type Checkpoint = Schemas['Checkpoint']

const path = (id: number) => ({ path: { job_id: id } })

export const metricSchemaQuery = (id: number) =>
  queryOptions({
    queryKey: keys.metricSchema(id),
    queryFn: ({ signal }) =>
      ok(api.GET('/api/v1/training/jobs/{job_id}/metric-schema', { params: path(id), signal })),
  })

export const checkpointsQuery = (id: number) =>
  queryOptions({
    queryKey: keys.checkpoints(id),
    queryFn: async ({ signal }) =>
      (
        await ok(
          api.GET('/api/v1/training/jobs/{job_id}/checkpoints', { params: path(id), signal }),
        )
      ).checkpoints,
  })

export const configSchemaQuery = (framework: string, task: string) =>
  queryOptions({
    queryKey: keys.configSchema(framework, task),
    queryFn: ({ signal }) =>
      ok(
        api.GET('/api/v1/training/config-schema', {
          params: { query: { framework, task_type: task } },
          signal,
        }),
      ),
    staleTime: 10 * 60_000,
  })
