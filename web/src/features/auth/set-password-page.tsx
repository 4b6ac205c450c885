import { useNavigate, useSearchParams } from 'react-router-dom'
import { useT } from '@/i18n/i18n'
import { AccountForm } from './account-form'
import { useSetPassword } from './api'
import { AuthLayout } from './auth-layout'

/** /set-password?token=...: a link from an administrator, good once. */
export default function SetPasswordPage() {
  const t = useT()
  const navigate = useNavigate()
  const [search] = useSearchParams()
  const set = useSetPassword()
  return (
    <AuthLayout title={t('auth.set_password_title')} lead={t('auth.set_password_lead')}>
      <AccountForm
        fields={['password']}
        newPassword
        action={t('auth.set_password')}
        busy={set.isPending}
        error={set.error}
        onSubmit={({ password }) =>
          set.mutate(
            { token: search.get('token') ?? '', password },
            { onSuccess: () => navigate('/', { replace: true }) },
          )
        }
      />
    </AuthLayout>
  )
}
