import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearchParams } from 'react-router-dom'
import { setupQuery } from '@/api/queries'
import { useT } from '@/i18n/i18n'
import { Banner } from '@/ui/banner'
import { ButtonLink } from '@/ui/button'
import { Loaded } from '@/ui/states'
import { AccountForm } from './account-form'
import { useSetup } from './api'
import { AuthLayout } from './auth-layout'

/** /setup?token=...: the link that a new server prints. */
export default function SetupPage() {
  const t = useT()
  const navigate = useNavigate()
  const [search] = useSearchParams()
  const token = search.get('token') ?? ''
  const setup = useQuery(setupQuery())
  const make = useSetup()

  return (
    <AuthLayout title={t('auth.setup_title')} lead={setup.data?.needed && t('auth.setup_lead')}>
      <Loaded query={setup}>
        {({ needed }) =>
          !needed ? (
            <>
              <Banner tone="info">{t('auth.setup_done')}</Banner>
              <ButtonLink to="/login" variant="primary" wide>
                {t('auth.login')}
              </ButtonLink>
            </>
          ) : !token ? (
            <Banner tone="warn">{t('auth.setup_needed_text')}</Banner>
          ) : (
            <AccountForm
              fields={['email', 'full_name', 'password']}
              newPassword
              action={t('auth.make_account')}
              busy={make.isPending}
              error={make.error}
              onSubmit={(account) =>
                make.mutate(
                  { token, ...account },
                  { onSuccess: () => navigate('/', { replace: true }) },
                )
              }
            />
          )
        }
      </Loaded>
    </AuthLayout>
  )
}
