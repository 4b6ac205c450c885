import { keepPreviousData, queryOptions } from '@tanstack/react-query'
import { api, okWithTotal } from '@/api/client'
import { keys } from '@/api/keys'
import type { ListState } from './list-state'

export const PAGE_SIZE = 50

export const experimentsQuery = (projectId: number, list: ListState) =>
  queryOptions({
    queryKey: keys.jobs({ projectId, ...list }),
    queryFn: ({ signal }) =>
      okWithTotal(
        api.GET('/api/v1/projects/{project_id}/experiments', {
          params: {
            path: { project_id: projectId },
            query: {
              page: list.page,
              per_page: PAGE_SIZE,
              status: list.status ?? undefined,
              q: list.q || undefined,
              sort: list.sort,
              order: list.order,
            },
          },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
  })
