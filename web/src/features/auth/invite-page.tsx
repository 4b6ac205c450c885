import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useNavigate, useParams, useSearchParams } from 'react-router-dom'
import type { Schemas } from '@/api/client'
import { meQuery } from '@/api/queries'
import { tMaybe, useT } from '@/i18n/i18n'
import { Banner } from '@/ui/banner'
import { Button, ButtonLink } from '@/ui/button'
import { Failure } from '@/ui/form'
import { Loaded } from '@/ui/states'
import { AccountForm } from './account-form'
import { invitationQuery, useAnswerInvitation, useLogin, useRegister } from './api'
import { AuthLayout } from './auth-layout'

type Info = Schemas['InvitationInfo']

/** /invite?token=... and /invite/TOKEN: join a project, with an account or without one yet. */
export default function InvitePage() {
  const t = useT()
  const params = useParams()
  const [search] = useSearchParams()
  const token = params.token ?? search.get('token') ?? ''
  const info = useQuery(invitationQuery(token))
  const me = useQuery(meQuery())

  return (
    <AuthLayout title={t('auth.invite_title')}>
      <Loaded query={info}>
        {(invitation) =>
          invitation.status !== 'pending' ? (
            <>
              <Banner tone="info">{t(`auth.invite_status.${invitation.status}`)}</Banner>
              <ButtonLink to="/" wide>
                {t('errors.to_dashboard')}
              </ButtonLink>
            </>
          ) : (
            <>
              <Words invitation={invitation} />
              {me.data ? (
                <Answer token={token} invitation={invitation} email={me.data.email} />
              ) : (
                me.isSuccess && <Join token={token} invitation={invitation} />
              )}
            </>
          )
        }
      </Loaded>
    </AuthLayout>
  )
}

function Words({ invitation }: { invitation: Info }) {
  const t = useT()
  return (
    <div>
      <p>
        {t('auth.invite_text', {
          inviter: invitation.inviter ?? t('auth.somebody'),
          project: invitation.project_name ?? '',
          role: tMaybe(`members.roles.${invitation.role}`) ?? invitation.role,
        })}
      </p>
      {invitation.message && <blockquote>{invitation.message}</blockquote>}
    </div>
  )
}

function Answer({ token, invitation, email }: { token: string; invitation: Info; email: string }) {
  const t = useT()
  const navigate = useNavigate()
  const answer = useAnswerInvitation(token)
  const send = (accept: boolean) =>
    answer.mutate(accept, {
      onSuccess: () =>
        navigate(accept ? `/projects/${invitation.project_id}` : '/', { replace: true }),
    })
  return (
    <>
      <Failure error={answer.error} />
      <Button variant="primary" wide busy={answer.isPending} onClick={() => send(true)}>
        {t('auth.join_as', { email })}
      </Button>
      <Button wide onClick={() => send(false)}>
        {t('auth.decline')}
      </Button>
    </>
  )
}

/** Who has no account gets one with the invitation; who has one logs in, and is asked again. */
function Join({ token, invitation }: { token: string; invitation: Info }) {
  const t = useT()
  const navigate = useNavigate()
  const [isNew, setIsNew] = useState(true)
  const register = useRegister()
  const login = useLogin()
  const running = isNew ? register : login
  return (
    <>
      <AccountForm
        key={String(isNew)}
        fields={isNew ? ['email', 'full_name', 'password'] : ['email', 'password']}
        newPassword={isNew}
        email={invitation.email ?? ''}
        action={t(isNew ? 'auth.join' : 'auth.login')}
        busy={running.isPending}
        error={running.error}
        onSubmit={(account) =>
          isNew
            ? register.mutate(
                { ...account, invitation_token: token },
                {
                  onSuccess: () =>
                    navigate(`/projects/${invitation.project_id}`, { replace: true }),
                },
              )
            : login.mutate(account)
        }
      />
      <Button variant="ghost" onClick={() => setIsNew(!isNew)}>
        {t(isNew ? 'auth.have_account_login' : 'auth.no_account_yet')}
      </Button>
    </>
  )
}
