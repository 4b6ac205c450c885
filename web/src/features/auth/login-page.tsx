import { useQuery } from '@tanstack/react-query'
import { Link, Navigate, useSearchParams } from 'react-router-dom'
import { meQuery, setupQuery } from '@/api/queries'
import { useT } from '@/i18n/i18n'
import { Banner } from '@/ui/banner'
import { AccountForm } from './account-form'
import { useLogin } from './api'
import { AuthLayout } from './auth-layout'
import { safeNext } from './safe-next'

export default function LoginPage() {
  const t = useT()
  const [search] = useSearchParams()
  const next = safeNext(search.get('next'))
  const me = useQuery(meQuery())
  const setup = useQuery(setupQuery())
  const login = useLogin()

  if (me.data) return <Navigate to={next} replace />
  return (
    <AuthLayout
      title={t('auth.login')}
      foot={
        setup.data?.open_registration && !setup.data.needed ? (
          <>
            {t('auth.no_account')}{' '}
            <Link to={`/register${location.search}`}>{t('auth.register')}</Link>
          </>
        ) : undefined
      }
    >
      {setup.data?.needed && (
        <Banner tone="info" title={t('auth.setup_needed')}>
          {t('auth.setup_needed_text')}
        </Banner>
      )}
      <AccountForm
        fields={['email', 'password']}
        newPassword={false}
        action={t('auth.login')}
        busy={login.isPending}
        error={login.error}
        onSubmit={(account) => login.mutate(account)}
      />
    </AuthLayout>
  )
}
