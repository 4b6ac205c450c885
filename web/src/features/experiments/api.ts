import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, okWithTotal, ok } from '@/api/client'
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

export function useChangeProject(id: number) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: { name: string; description: string | null }) =>
      ok(api.PUT('/api/v1/projects/{project_id}', { params: { path: { project_id: id } }, body })),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.projects }),
  })
}
