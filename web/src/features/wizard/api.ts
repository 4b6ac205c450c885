import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, ok, type Schemas } from '@/api/client'
import { configSchemaQuery } from '@/api/job-results'
import { keys } from '@/api/keys'
import type { Job } from '@/api/queries'
import type { ConfigField } from './config-values'
import type { JobBody } from './draft'

/** The document names the members that the contract names; the engine tells more. */
export type Model = Schemas['Model'] & {
  pretrained_installed?: boolean
  parameters_exact?: number
  recommended?: boolean
  performance_tier?: 'fast' | 'balanced' | 'accurate'
  paper?: string
  status?: string
}
export type Guide = {
  model: Model
  benchmark?: Record<string, unknown> | null
  use_cases?: string[]
  pros?: string[]
  cons?: string[]
  when_to_use?: string | null
  when_not_to_use?: string | null
  alternatives?: { model: string; reason: string }[]
  real_world_examples?: unknown[]
  recommended_settings?: Record<string, unknown> | null
}
export type ConfigSchema = { fields: ConfigField[]; presets: Record<string, object> }
export type Preflight = {
  peak_memory_mb?: number
  available_memory_mb?: number
  largest_batch?: number
  seconds_per_epoch?: number
  parameters?: number
  train_images?: number
  val_images?: number
  num_classes?: number
}

export const identity = (model: Pick<Model, 'framework' | 'model_name'>) =>
  `${model.framework}/${model.model_name}`

const MINUTES = 60_000

export const modelsQuery = (filter: { framework?: string; task_type?: string }) =>
  queryOptions({
    queryKey: keys.models(filter),
    queryFn: async ({ signal }) => {
      const answer = await ok(api.GET('/api/v1/models', { params: { query: filter }, signal }))
      return answer.models as Model[]
    },
    staleTime: 5 * MINUTES,
  })

export const guideQuery = (framework: string, name: string) =>
  queryOptions({
    queryKey: keys.modelGuide(framework, name),
    queryFn: async ({ signal }) =>
      (await ok(
        api.GET('/api/v1/models/guide', {
          params: { query: { framework, model_name: name } },
          signal,
        }),
      )) as unknown as Guide,
    staleTime: 5 * MINUTES,
  })

/** One entry of the cache for all who ask: others want more of the answer. */
const configSchemaOf = (answer: Schemas['ConfigSchema']): ConfigSchema => ({
  fields: answer.schema.fields as unknown as ConfigField[],
  presets: (answer.presets ?? {}) as Record<string, object>,
})

export const schemaQuery = (framework: string, task: string) =>
  queryOptions({ ...configSchemaQuery(framework, task), select: configSchemaOf })

/** What the run will need, by the engine's own plan; the same question is not asked twice. */
export const preflightQuery = (body: JobBody) =>
  queryOptions({
    queryKey: ['preflight', body],
    queryFn: async ({ signal }) =>
      (await ok(
        api.POST('/api/v1/training/preflight', { body: body as never, signal }),
      )) as unknown as Preflight,
    staleTime: MINUTES,
    retry: false,
  })

type Made = {
  job: Job
  /** why it could not be started, when it should have been */
  startError?: unknown
}

/** Creates, and starts if that is wanted; a job that does not start is there all the same. */
export function useCreateJob() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: async ({ body, start }: { body: JobBody; start: boolean }): Promise<Made> => {
      const job = await ok(api.POST('/api/v1/training/jobs', { body: body as never }))
      if (!start) return { job }
      try {
        const path = { job_id: job.id }
        await ok(api.POST('/api/v1/training/jobs/{job_id}/start', { params: { path }, body: {} }))
        return { job }
      } catch (startError) {
        return { job, startError }
      }
    },
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: keys.jobLists })
      void client.invalidateQueries({ queryKey: keys.queue })
      void client.invalidateQueries({ queryKey: keys.projects })
    },
  })
}
