import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, ok } from '@/api/client'
import { keys } from '@/api/keys'
import type { User } from '@/api/queries'
import { keepTokens } from '@/api/session'

export type ProfileDraft = {
  full_name: string | null
  company: string | null
  department: string | null
  phone_number: string | null
}
type PasswordDraft = { current_password: string; password: string }

/** A new password ends all other sessions; this one goes on with the tokens of the answer. */
export function useChangeMe() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (body: ProfileDraft | PasswordDraft) => ok(api.PUT('/api/v1/auth/me', { body })),
    onSuccess: (changed) => {
      keepTokens({ ...changed, user: changed })
      client.setQueryData(keys.me, (old: User | null | undefined) => ({
        ...old,
        ...(changed as User),
      }))
      return client.invalidateQueries({ queryKey: keys.me })
    },
  })
}

export const apiKeysQuery = () =>
  queryOptions({
    queryKey: keys.apiKeys,
    queryFn: ({ signal }) => ok(api.GET('/api/v1/auth/api-keys', { signal })),
  })

export function useAddApiKey() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (name: string) => ok(api.POST('/api/v1/auth/api-keys', { body: { name } })),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.apiKeys }),
  })
}

export function useRemoveApiKey() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (id: number) =>
      ok(api.DELETE('/api/v1/auth/api-keys/{key_id}', { params: { path: { key_id: id } } })),
    onSuccess: () => client.invalidateQueries({ queryKey: keys.apiKeys }),
  })
}
