import { useState } from 'react'
import { fieldError } from '@/api/errors'
import type { SystemRole } from '@/api/roles'
import { useT } from '@/i18n/i18n'
import { Field } from '@/ui/field'
import { FormDialog } from '@/ui/form-dialog'
import { Input } from '@/ui/input'
import { useAddUser } from './api'
import { RoleField } from './role-field'
import { LinkShown } from './user-dialogs'

export function AddUserDialog({ onClose }: { onClose: () => void }) {
  const t = useT()
  const add = useAddUser()
  const [email, setEmail] = useState('')
  const [name, setName] = useState('')
  const [role, setRole] = useState<SystemRole>('standard_engineer')
  const [isTried, setTried] = useState(false)
  const isBad = !/^\S+@\S+$/.test(email.trim())
  const emailError = isTried && isBad ? t('auth.email_needed') : fieldError(add.error, 'email')
  const submit = () => {
    setTried(true)
    if (isBad || add.isPending) return
    add.mutate({ email: email.trim(), full_name: name.trim() || null, system_role: role })
  }
  if (add.data?.password_url)
    return (
      <LinkShown
        email={add.data.email}
        url={add.data.password_url}
        seconds={add.data.password_link_seconds ?? null}
        onClose={onClose}
      />
    )
  return (
    <FormDialog
      onClose={onClose}
      title={t('admin.users.add')}
      description={t('admin.users.add_text')}
      onSubmit={submit}
      running={add}
      fields={['email']}
      action={t('common.create')}
    >
      <Field label={t('auth.email')} error={emailError} required>
        <Input
          type="email"
          autoFocus
          autoComplete="off"
          value={email}
          onChange={(event) => setEmail(event.target.value)}
        />
      </Field>
      <Field label={t('profile.full_name')} optional={t('common.optional')}>
        <Input
          autoComplete="off"
          maxLength={100}
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
      </Field>
      <RoleField value={role} onChange={setRole} />
    </FormDialog>
  )
}
