import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, ok, okWithTotal, type Schemas } from '@/api/client'
import { keys } from '@/api/keys'

export type Prediction = {
  label: string
  label_id: number
  confidence: number
  passed_threshold?: boolean
  count?: number
}
/** Detectors answer more: boxes, masks, key points. */
export type Answer = Omit<Schemas['Inference'], 'predictions'> & {
  predictions: Prediction[]
  preprocessing_time_ms?: number
  postprocessing_time_ms?: number
  image_width?: number
  image_height?: number
}
export type Past = Omit<Schemas['PastInference'], 'predictions'> & { predictions: Prediction[] }

export type Wishes = {
  jobId: number
  /** path of a checkpoint; null: the best */
  checkpoint: string | null
  threshold: number
  topK: number
  iou: number
  maxDetections: number
}

const JOBS_MOST = 200

/** Jobs of a project that have learned something. */
export const trainedJobsQuery = (projectId: number) =>
  queryOptions({
    queryKey: keys.jobs({ trained: projectId }),
    queryFn: async ({ signal }) => {
      const { rows } = await okWithTotal(
        api.GET('/api/v1/projects/{project_id}/experiments', {
          params: { path: { project_id: projectId }, query: { per_page: JOBS_MOST } },
          signal,
        }),
      )
      return rows.filter((job) => job.best_checkpoint_path || job.current_epoch > 0)
    },
  })

export async function predict(file: File, wishes: Wishes, signal?: AbortSignal): Promise<Answer> {
  const form = new FormData()
  form.set('training_job_id', String(wishes.jobId))
  if (wishes.checkpoint) form.set('checkpoint_path', wishes.checkpoint)
  form.set('confidence_threshold', String(wishes.threshold))
  form.set('top_k', String(wishes.topK))
  form.set('iou_threshold', String(wishes.iou))
  form.set('max_detections', String(wishes.maxDetections))
  form.set('file', file, file.name) // last: the server has read the rest by then
  const answer = await ok(
    api.POST('/api/v1/test-inference', {
      body: form as never,
      bodySerializer: (body) => body as unknown as FormData,
      signal,
    }),
  )
  return answer as unknown as Answer
}

export const HISTORY_PAGE = 24

export const historyQuery = (jobId: number, page: number) =>
  queryOptions({
    queryKey: [...keys.job(jobId), 'inferences', page],
    queryFn: async ({ signal }) => {
      const answer = await ok(
        api.GET('/api/v1/training/jobs/{job_id}/inferences', {
          params: {
            path: { job_id: jobId },
            query: { limit: HISTORY_PAGE, skip: (page - 1) * HISTORY_PAGE },
          },
          signal,
        }),
      )
      return { total: answer.total, rows: answer.inferences as Past[] }
    },
    placeholderData: keepPreviousData,
  })

export function useForget(jobId: number) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (id: number) =>
      ok(
        api.DELETE('/api/v1/test-inference/{inference_id}', {
          params: { path: { inference_id: id } },
        }),
      ),
    onSettled: () => client.invalidateQueries({ queryKey: [...keys.job(jobId), 'inferences'] }),
  })
}

/** After a prediction the history is longer. */
export function useHistoryGrew(jobId: number) {
  const client = useQueryClient()
  return () => client.invalidateQueries({ queryKey: [...keys.job(jobId), 'inferences'] })
}
