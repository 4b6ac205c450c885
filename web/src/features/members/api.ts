import { queryOptions, useMutation, useQueryClient } from '@tanstack/react-query'
import { api, ok, type Schemas } from '@/api/client'
import { keys } from '@/api/keys'

export type Member = Schemas['Member']
export type Invitation = Schemas['Invitation']

/** What can be given; the owner is who made the project. */
export const givenRoles = ['viewer', 'member', 'admin'] as const
export type GivenRole = (typeof givenRoles)[number]

export const invitationsQuery = (projectId: number) =>
  queryOptions({
    queryKey: keys.invitations(projectId),
    queryFn: ({ signal }) =>
      ok(
        api.GET('/api/v1/projects/{project_id}/invitations', {
          params: { path: { project_id: projectId } },
          signal,
        }),
      ),
  })

/** A change of who belongs to a project: its lists are asked again. */
function useMemberChange<Values, Answer>(
  projectId: number,
  send: (values: Values) => Promise<Answer>,
) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: send,
    onSuccess: () =>
      Promise.all([
        client.invalidateQueries({ queryKey: keys.members(projectId) }),
        client.invalidateQueries({ queryKey: keys.invitations(projectId) }),
      ]),
  })
}

export const useAddMember = (projectId: number) =>
  useMemberChange(projectId, (body: { email: string; role: GivenRole }) =>
    ok(
      api.POST('/api/v1/projects/{project_id}/members', {
        params: { path: { project_id: projectId } },
        body,
      }),
    ),
  )

export const useChangeRole = (projectId: number) =>
  useMemberChange(projectId, ({ userId, role }: { userId: number; role: GivenRole }) =>
    ok(
      api.PATCH('/api/v1/projects/{project_id}/members/{user_id}', {
        params: { path: { project_id: projectId, user_id: userId } },
        body: { role },
      }),
    ),
  )

export const useRemoveMember = (projectId: number) =>
  useMemberChange(projectId, (userId: number) =>
    ok(
      api.DELETE('/api/v1/projects/{project_id}/members/{user_id}', {
        params: { path: { project_id: projectId, user_id: userId } },
      }),
    ),
  )

export const useInvite = (projectId: number) =>
  useMemberChange(
    projectId,
    (body: { email: string | null; role: GivenRole; message: string | null }) =>
      ok(
        api.POST('/api/v1/projects/{project_id}/invitations', {
          params: { path: { project_id: projectId } },
          body,
        }),
      ),
  )

export const useCancelInvitation = (projectId: number) =>
  useMemberChange(projectId, (id: number) =>
    ok(
      api.DELETE('/api/v1/invitations/{invitation_id}', {
        params: { path: { invitation_id: id } },
      }),
    ),
  )
