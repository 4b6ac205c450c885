import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { api, ok, okWithTotal } from '@/api/client'
import { keys } from '@/api/keys'

/** The server compares no more at once. */
export const RUNS_MOST = 20
const POINTS = 600
const FOUND_MOST = 50

export const compareQuery = (ids: readonly number[], names: readonly string[]) =>
  queryOptions({
    // Below the lists of jobs, so that live frames change the jobs in it.
    queryKey: keys.jobs({ compare: ids, names }),
    queryFn: ({ signal }) =>
      ok(
        api.GET('/api/v1/training/compare', {
          params: {
            query: { jobs: ids.join(','), names: names.join(',') || undefined, points: POINTS },
          },
          signal,
        }),
      ),
    enabled: ids.length > 0,
    placeholderData: keepPreviousData,
  })

export const candidatesQuery = (projectId: number, search: string) =>
  queryOptions({
    queryKey: keys.jobs({ candidates: projectId, search }),
    queryFn: ({ signal }) =>
      okWithTotal(
        api.GET('/api/v1/projects/{project_id}/experiments', {
          params: {
            path: { project_id: projectId },
            query: { per_page: FOUND_MOST, q: search || undefined },
          },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
  })
