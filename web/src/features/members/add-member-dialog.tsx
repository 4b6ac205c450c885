import { useState } from 'react'
import { fieldError, isStatus } from '@/api/errors'
import { useT } from '@/i18n/i18n'
import { Banner } from '@/ui/banner'
import { Button } from '@/ui/button'
import { Field } from '@/ui/field'
import { FormDialog } from '@/ui/form-dialog'
import { Input } from '@/ui/input'
import { toast } from '@/ui/toast'
import { useAddMember, type GivenRole } from './api'
import { RoleField } from './role-field'

type Props = {
  projectId: number
  onClose: () => void
  /** nobody has this address yet: invite it instead */
  onInvite: (email: string) => void
}

/** Somebody who has an account here already. */
export function AddMemberDialog({ projectId, onClose, onInvite }: Props) {
  const t = useT()
  const add = useAddMember(projectId)
  const [email, setEmail] = useState('')
  const [role, setRole] = useState<GivenRole>('member')
  const [isEmpty, setEmpty] = useState(false)
  const problem = isEmpty ? t('members.email_needed') : fieldError(add.error, 'email')

  const submit = () => {
    setEmpty(!email.trim())
    if (!email.trim() || add.isPending) return
    add.mutate(
      { email: email.trim(), role },
      {
        onSuccess: () => {
          toast.success(t('members.added'))
          onClose()
        },
      },
    )
  }
  return (
    <FormDialog
      onClose={onClose}
      title={t('members.add')}
      description={t('members.add_lead')}
      onSubmit={submit}
      running={add}
      failure={
        isStatus(add.error, 404) && (
          <Banner
            tone="warn"
            action={
              <Button size="sm" onClick={() => onInvite(email.trim())}>
                {t('members.invite')}
              </Button>
            }
          >
            {t('members.unknown_email')}
          </Banner>
        )
      }
      fields={['email']}
      action={t('common.add')}
    >
      <Field label={t('members.email')} error={problem} required>
        <Input
          autoFocus
          type="email"
          autoComplete="off"
          value={email}
          onChange={(event) => setEmail(event.target.value)}
        />
      </Field>
      <RoleField value={role} onChange={setRole} />
    </FormDialog>
  )
}
