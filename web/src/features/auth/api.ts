import { useMutation, useQueryClient } from '@tanstack/react-query'
import { queryOptions } from '@tanstack/react-query'
import { api, ok, type Schemas } from '@/api/client'
import { isStatus } from '@/api/errors'
import { keys } from '@/api/keys'
import { forgetTokens, hasEnded, keepTokens, refreshToken } from '@/api/session'
import { stream } from '@/api/stream'

type Session = Schemas['Session']

/** The session of an answer becomes that of the page. */
function useBeginSession() {
  const client = useQueryClient()
  return (session: Session) => {
    keepTokens(session)
    client.clear() // what somebody else has seen here
    client.setQueryData(keys.me, session.user)
    hasEnded.set(false)
    stream.reconnect()
  }
}

/** A registration, say, has more members; the server refuses what it does not know. */
export const login = ({ email, password }: { email: string; password: string }) =>
  ok(api.POST('/api/v1/auth/login', { body: { email, password } }))

export function useLogin() {
  const begin = useBeginSession()
  return useMutation({ mutationFn: login, onSuccess: begin })
}

/** Goes on with what is on the page; as somebody else, with nothing of it. */
export function useLoginAgain(userId: number) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: login,
    onSuccess: (session) => {
      keepTokens(session)
      if (session.user.id !== userId) return location.assign('/')
      hasEnded.set(false)
      void client.invalidateQueries()
      stream.reconnect()
    },
  })
}

type Registration = {
  email: string
  password: string
  full_name?: string | null
  invitation_token?: string
}

/** Makes the account and logs in with it. */
export function useRegister() {
  const begin = useBeginSession()
  return useMutation({
    mutationFn: async (body: Registration) => {
      await ok(api.POST('/api/v1/auth/register', { body }))
      return login(body)
    },
    onSuccess: begin,
  })
}

export function useSetup() {
  const begin = useBeginSession()
  return useMutation({
    mutationFn: (body: {
      token: string
      email: string
      password: string
      full_name?: string | null
    }) => ok(api.POST('/api/v1/setup', { body })),
    onSuccess: begin,
  })
}

/** By a link that an administrator has handed out. */
export function useSetPassword() {
  const begin = useBeginSession()
  return useMutation({
    mutationFn: (body: { token: string; password: string }) =>
      ok(api.POST('/api/v1/auth/password', { body })),
    onSuccess: begin,
  })
}

/** Only the server can take its cookies away: who was not heard is still logged in. */
export function useLogout() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: async () => {
      const token = refreshToken()
      try {
        await ok(api.POST('/api/v1/auth/logout', { body: token ? { refresh_token: token } : {} }))
      } catch (error) {
        if (!isStatus(error, 401)) throw error // else it was over already
      }
    },
    onSuccess: () => {
      forgetTokens()
      hasEnded.set(false)
      stream.disconnect()
      client.clear()
      client.setQueryData(keys.me, null)
    },
  })
}

export const invitationQuery = (token: string) =>
  queryOptions({
    queryKey: keys.invitation(token),
    queryFn: ({ signal }) =>
      ok(api.GET('/api/v1/invitations/{token}/info', { params: { path: { token } }, signal })),
    retry: false,
  })

export function useAnswerInvitation(token: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (accept: boolean) =>
      ok(
        accept
          ? api.POST('/api/v1/invitations/accept', { body: { token } })
          : api.POST('/api/v1/invitations/decline', { body: { token } }),
      ),
    onSuccess: () => {
      void client.invalidateQueries({ queryKey: keys.projects })
      void client.invalidateQueries({ queryKey: keys.invitation(token) })
    },
  })
}
