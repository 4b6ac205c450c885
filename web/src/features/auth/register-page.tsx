import { useQuery } from '@tanstack/react-query'
import { Link, Navigate, useSearchParams } from 'react-router-dom'
import { meQuery, setupQuery } from '@/api/queries'
import { useT } from '@/i18n/i18n'
import { Banner } from '@/ui/banner'
import { AccountForm } from './account-form'
import { useRegister } from './api'
import { AuthLayout } from './auth-layout'
import { safeNext } from './safe-next'

export default function RegisterPage() {
  const t = useT()
  const [search] = useSearchParams()
  const me = useQuery(meQuery())
  const setup = useQuery(setupQuery())
  const register = useRegister()

  if (me.data) return <Navigate to={safeNext(search.get('next'))} replace />
  const closed = setup.data && !setup.data.open_registration
  return (
    <AuthLayout
      title={t('auth.register')}
      foot={
        <>
          {t('auth.have_account')} <Link to={`/login${location.search}`}>{t('auth.login')}</Link>
        </>
      }
    >
      {closed ? (
        <Banner tone="info">{t('auth.registration_closed')}</Banner>
      ) : (
        <AccountForm
          fields={['email', 'full_name', 'password']}
          newPassword
          action={t('auth.make_account')}
          busy={register.isPending}
          error={register.error}
          onSubmit={(account) => register.mutate(account)}
        />
      )}
    </AuthLayout>
  )
}
