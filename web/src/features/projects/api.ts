import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, ok } from '@/api/client'
import { keys } from '@/api/keys'

type ProjectDraft = { name: string; description?: string | null; task_type?: string | null }

export function useCreateProject() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: ProjectDraft) => ok(api.POST('/api/v1/projects', { body })),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.projects }),
  })
}

export function useChangeProject(id: number) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: Partial<ProjectDraft>) =>
      ok(api.PUT('/api/v1/projects/{project_id}', { params: { path: { project_id: id } }, body })),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.projects }),
  })
}

export const datasetCountQuery = (projectId: number) =>
  queryOptions({
    queryKey: keys.datasets({ countOf: projectId }),
    queryFn: async ({ signal }) => {
      const query = { project_id: projectId, limit: 1 }
      return (await ok(api.GET('/api/v1/datasets', { params: { query }, signal }))).total
    },
  })

/** force: its jobs that run or wait are cancelled. */
export function useDeleteProject() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: ({ id, force }: { id: number; force: boolean }) =>
      ok(
        api.DELETE('/api/v1/projects/{project_id}', {
          params: { path: { project_id: id }, query: force ? { force: '1' as const } : {} },
        }),
      ),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: keys.datasets() })
      return client.invalidateQueries({ queryKey: keys.projects })
    },
  })
}
