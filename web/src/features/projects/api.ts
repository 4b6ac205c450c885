import { useMutation, useQueryClient } from '@tanstack/react-query'
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

export function useDeleteProject() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (id: number) =>
      ok(api.DELETE('/api/v1/projects/{project_id}', { params: { path: { project_id: id } } })),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.projects }),
  })
}
