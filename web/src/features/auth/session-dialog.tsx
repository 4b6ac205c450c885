import type { Schemas } from '@/api/client'
import { hasEnded } from '@/api/session'
import { useT } from '@/i18n/i18n'
import { Dialog } from '@/ui/dialog'
import { AccountForm } from './account-form'
import { useLoginAgain } from './api'

/** Over whatever page it is, which keeps what was typed.  Closed, the next refusal opens it again. */
export function SessionDialog({ user }: { user: Schemas['User'] }) {
  const t = useT()
  const login = useLoginAgain(user.id)
  return (
    <Dialog
      size="sm"
      onClose={() => hasEnded.set(false)}
      title={t('auth.login')}
      description={t('auth.expired')}
    >
      <AccountForm
        fields={['email', 'password']}
        newPassword={false}
        email={user.email}
        action={t('auth.login')}
        busy={login.isPending}
        error={login.error}
        onSubmit={(account) => login.mutate(account)}
      />
    </Dialog>
  )
}
