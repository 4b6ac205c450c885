import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, ok } from '@/api/client'
import { keys } from '@/api/keys'

const POLL_MS = 10_000 // what others ask for in projects that are not mine moves my places too

export const queueQuery = () =>
  queryOptions({
    queryKey: keys.queue,
    queryFn: ({ signal }) => ok(api.GET('/api/v1/training/queue', { signal })),
    refetchInterval: POLL_MS,
  })

export function useChangePriority() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: ({ id, priority }: { id: number; priority: number }) =>
      ok(
        api.PATCH('/api/v1/training/jobs/{job_id}', {
          params: { path: { job_id: id } },
          body: { priority },
        }),
      ),
    onSettled: (_job, _error, { id }) =>
      Promise.all([
        client.invalidateQueries({ queryKey: keys.queue }),
        client.invalidateQueries({ queryKey: keys.job(id) }),
        client.invalidateQueries({ queryKey: keys.jobLists }),
      ]),
  })
}
