import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, ok, type Schemas } from '@/api/client'
import { keys } from '@/api/keys'

export type Series = Schemas['Series']
export type LogLine = Schemas['LogLine']
/** Detectors report more than classifiers; absent where the task has none. */
export type Validation = Omit<Schemas['Validation'], 'pr_curves' | 'confusion_labels'> & {
  pr_curves?: Record<string, { precision?: number[]; recall?: number[] }> | null
  confusion_labels?: string[] | null
}
export type ValidationImage = Omit<Schemas['ValidationImage'], 'true_boxes' | 'predicted_boxes'> & {
  true_boxes?: unknown
  predicted_boxes?: unknown
}

const path = (id: number) => ({ path: { job_id: id } })

/* --- metrics --------------------------------------------------------------------------------- */

export type Stretch = { from?: number; to?: number }
/** More than a screen has pixels; the server gives least and greatest of what it joins. */
export const POINTS = 1500

export const seriesQuery = (id: number, names: readonly string[], stretch: Stretch = {}) =>
  queryOptions({
    queryKey: keys.metrics(id, { names, ...stretch }),
    queryFn: async ({ signal }): Promise<Series[]> => {
      const query = { names: names.join(','), points: POINTS, ...stretch }
      const answer = await ok(
        api.GET('/api/v1/training/jobs/{job_id}/metrics', {
          params: { ...path(id), query },
          signal,
        }),
      )
      return Array.isArray(answer) ? [] : answer.series
    },
    enabled: names.length > 0,
    placeholderData: keepPreviousData,
    staleTime: Infinity, // live frames say when there is more
  })

/* --- logs ------------------------------------------------------------------------------------ */

export type LogLevel = 'debug' | 'info' | 'warning' | 'error'
type LogPage = { limit?: number; after?: number; before?: number; level?: LogLevel }

export const fetchLogs = (id: number, { level, ...page }: LogPage, signal?: AbortSignal) =>
  ok(
    api.GET('/api/v1/training/jobs/{job_id}/logs', {
      params: { ...path(id), query: { ...page, level: level as never } },
      signal,
    }),
  )

/** What the engine warned of: shown on top of the page. */
export const warningsQuery = (id: number) =>
  queryOptions({
    queryKey: keys.logs(id, { level: 'warning', limit: 100 }),
    queryFn: ({ signal }) => fetchLogs(id, { level: 'warning', limit: 100 }, signal),
  })

/* --- validation ------------------------------------------------------------------------------ */

export const validationSummaryQuery = (id: number) =>
  queryOptions({
    queryKey: [...keys.validation(id), 'summary'],
    queryFn: ({ signal }) =>
      ok(api.GET('/api/v1/validation/jobs/{job_id}/summary', { params: path(id), signal })),
  })

export const validationQuery = (id: number, epoch: number) =>
  queryOptions({
    queryKey: [...keys.validation(id), 'epoch', epoch],
    queryFn: async ({ signal }) =>
      (await ok(
        api.GET('/api/v1/validation/jobs/{job_id}/results/{epoch_id}', {
          params: { path: { job_id: id, epoch_id: epoch } },
          signal,
        }),
      )) as Validation,
    placeholderData: keepPreviousData,
  })

export type ImageFilter = {
  is_correct?: 'true' | 'false'
  true_label_id?: number
  predicted_label_id?: number
}
export const IMAGES_PAGE = 60

export async function fetchImages(
  id: number,
  epoch: number,
  filter: ImageFilter,
  skip: number,
  signal?: AbortSignal,
) {
  const query = { ...filter, skip, limit: IMAGES_PAGE }
  const answer = await ok(
    api.GET('/api/v1/validation/jobs/{job_id}/results/{epoch_id}/images', {
      params: { path: { job_id: id, epoch_id: epoch }, query },
      signal,
    }),
  )
  // Of detectors the truths and what was found are together under one name.
  const images = answer.images.map((image) => ({ ...image, ...image.objects }))
  return { ...answer, images: images as ValidationImage[] }
}

/* --- the job itself -------------------------------------------------------------------------- */

export function useDescribeJob(id: number) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: { experiment_name?: string | null; notes?: string | null }) =>
      ok(api.PATCH('/api/v1/training/jobs/{job_id}', { params: path(id), body })),
    onSuccess: () =>
      Promise.all(
        [keys.job(id), keys.jobLists].map((queryKey) => client.invalidateQueries({ queryKey })),
      ),
  })
}
