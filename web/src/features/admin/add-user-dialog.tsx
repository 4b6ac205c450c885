import { useState } from 'react'
import { errorText, fieldError } from '@/api/errors'
import { useMe } from '@/api/queries'
import type { SystemRole } from '@/api/roles'
import { useT } from '@/i18n/i18n'
import { Banner } from '@/ui/banner'
import { Button } from '@/ui/button'
import { Dialog } from '@/ui/dialog'
import { Field } from '@/ui/field'
import { Input } from '@/ui/input'
import { Select } from '@/ui/select'
import { useAddUser } from './api'
import { rolesToGive } from './roles'
import { LinkShown } from './user-dialogs'

export function AddUserDialog({ onClose }: { onClose: () => void }) {
  const t = useT()
  const me = useMe()
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
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={t('admin.users.add')}
      description={t('admin.users.add_text')}
      onSubmit={submit}
      footer={
        <>
          <Button onClick={onClose}>{t('common.cancel')}</Button>
          <Button type="submit" variant="primary" busy={add.isPending}>
            {t('common.create')}
          </Button>
        </>
      }
    >
      {add.error && !emailError ? <Banner tone="danger">{errorText(add.error)}</Banner> : null}
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
      <Field label={t('profile.role')} hint={t(`admin.role_hints.${role}`)}>
        <Select
          value={role}
          onChange={(value) => setRole(value as SystemRole)}
          options={rolesToGive(me).map((value) => ({
            value,
            label: t(`profile.roles.${value}`),
          }))}
        />
      </Field>
    </Dialog>
  )
}
