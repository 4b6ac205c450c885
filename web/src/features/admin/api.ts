import { keepPreviousData, queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, ok, okWithTotal, type Schemas } from '@/api/client'
import { keys } from '@/api/keys'
import type { SystemRole } from '@/api/roles'

export type Account = Schemas['Account']

export const USERS_PER_PAGE = 25
const LOOK_AGAIN_MS = 5000

type UserFilter = {
  page: number
  search?: string
  role?: SystemRole
  is_active?: 'true' | 'false'
}

export const usersQuery = (filter: UserFilter) =>
  queryOptions({
    queryKey: keys.admin('users', filter),
    queryFn: ({ signal }) =>
      okWithTotal(
        api.GET('/api/v1/admin/users', {
          params: { query: { ...filter, per_page: USERS_PER_PAGE } },
          signal,
        }),
      ),
    placeholderData: keepPreviousData,
  })

const user = (id: number) => ({ path: { user_id: id } })

function useUserMutation<Input, Output>(mutationFn: (input: Input) => Promise<Output>) {
  const client = useQueryClient()
  return useMutation({
    mutationFn,
    onSuccess: () => client.invalidateQueries({ queryKey: ['admin', 'users'] }),
  })
}

export const useAddUser = () =>
  useUserMutation((body: { email: string; full_name: string | null; system_role: SystemRole }) =>
    ok(api.POST('/api/v1/admin/users', { body })),
  )

export const useChangeUser = () =>
  useUserMutation(
    ({ id, ...body }: { id: number; system_role?: SystemRole; is_active?: boolean }) =>
      ok(api.PUT('/api/v1/admin/users/{user_id}', { params: user(id), body })),
  )

export const useDeleteUser = () =>
  useUserMutation((id: number) =>
    ok(api.DELETE('/api/v1/admin/users/{user_id}', { params: user(id) })),
  )

export const usePasswordLink = () =>
  useUserMutation((id: number) =>
    ok(api.POST('/api/v1/admin/users/{user_id}/password-link', { params: user(id) })),
  )

export const systemQuery = () =>
  queryOptions({
    queryKey: keys.system,
    queryFn: ({ signal }) => ok(api.GET('/api/v1/system', { signal })),
    refetchInterval: LOOK_AGAIN_MS,
  })

export const overviewQuery = () =>
  queryOptions({
    queryKey: keys.admin('overview'),
    queryFn: ({ signal }) => ok(api.GET('/api/v1/admin/overview', { signal })),
    refetchInterval: LOOK_AGAIN_MS,
  })

export const diskQuery = () =>
  queryOptions({
    queryKey: keys.admin('disk'),
    queryFn: ({ signal }) => ok(api.GET('/api/v1/admin/disk', { signal })),
  })

export type CleanUpWish = {
  keep: 'best_and_latest' | 'best'
  older_than_days: number
  dry_run: boolean
}

/** dry_run: what would be freed, without touching anything. */
export function useCleanUp(projectId: number) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: CleanUpWish) =>
      ok(
        api.POST('/api/v1/projects/{project_id}/clean-up', {
          params: { path: { project_id: projectId } },
          body,
        }),
      ),
    onSuccess: (_, { dry_run }) => {
      if (dry_run) return
      void client.invalidateQueries({ queryKey: ['admin', 'disk'] })
      void client.invalidateQueries({ queryKey: keys.project(projectId) })
    },
  })
}

export const settingsQuery = () =>
  queryOptions({
    queryKey: keys.admin('settings'),
    queryFn: ({ signal }) => ok(api.GET('/api/v1/admin/settings', { signal })),
  })

export type Settings = Schemas['Settings']

export function useChangeSettings() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: Settings) => ok(api.PUT('/api/v1/admin/settings', { body })),
    onSuccess: (settings) => {
      client.setQueryData(keys.admin('settings'), settings)
      void client.invalidateQueries({ queryKey: keys.setup })
      void client.invalidateQueries({ queryKey: keys.queue })
    },
  })
}
