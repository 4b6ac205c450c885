import { useState } from 'react'
import { fieldError } from '@/api/errors'
import { useT, type MessageKey } from '@/i18n/i18n'
import { Button } from '@/ui/button'
import { Field } from '@/ui/field'
import { Failure, Form } from '@/ui/form'
import { Input } from '@/ui/input'

export type Account = { email: string; password: string; full_name: string | null }

type Props = {
  /** which fields there are */
  fields: readonly ('email' | 'full_name' | 'password')[]
  newPassword: boolean
  email?: string
  action: string
  busy: boolean
  error: unknown
  onSubmit: (account: Account) => void
}

const PASSWORD_LEAST = 8
const PASSWORD_MOST = 100

type Problems = Partial<Record<'email' | 'password', MessageKey>>

function problemsOf(
  { email, password }: Account,
  fields: Props['fields'],
  isNew: boolean,
): Problems {
  const found: Problems = {}
  if (fields.includes('email') && !/^\S+@\S+$/.test(email)) found.email = 'auth.email_needed'
  if (fields.includes('password')) {
    if (!password) found.password = 'auth.password_needed'
    else if (isNew && (password.length < PASSWORD_LEAST || password.length > PASSWORD_MOST))
      found.password = 'auth.password_length'
  }
  return found
}

/** The form of login, registration, setup and password links. */
export function AccountForm({
  fields,
  newPassword,
  email = '',
  action,
  busy,
  error,
  onSubmit,
}: Props) {
  const t = useT()
  const [account, setAccount] = useState<Account>({ email, password: '', full_name: null })
  const [problems, setProblems] = useState<Problems>({})
  const set = (change: Partial<Account>) => setAccount({ ...account, ...change })
  const message = (name: 'email' | 'password') =>
    problems[name] ? t(problems[name]) : fieldError(error, name)

  const submit = (form: HTMLFormElement) => {
    const found = problemsOf(account, fields, newPassword)
    setProblems(found)
    if (!Object.keys(found).length) onSubmit(account)
    else form.querySelector<HTMLElement>(`[name=${Object.keys(found)[0]}]`)?.focus()
  }

  return (
    <Form onSubmit={submit}>
      <Failure error={error} fields={['email', 'password']} />
      {fields.includes('email') && (
        <Field label={t('auth.email')} error={message('email')} required>
          <Input
            type="email"
            name="email"
            autoComplete="username"
            autoFocus={!email}
            value={account.email}
            onChange={(event) => set({ email: event.target.value })}
          />
        </Field>
      )}
      {fields.includes('full_name') && (
        <Field label={t('auth.full_name')} optional={t('common.optional')}>
          <Input
            name="name"
            autoComplete="name"
            value={account.full_name ?? ''}
            onChange={(event) => set({ full_name: event.target.value || null })}
          />
        </Field>
      )}
      {fields.includes('password') && (
        <Field
          label={t('auth.password')}
          hint={newPassword ? t('auth.password_hint') : undefined}
          error={message('password')}
          required
        >
          <Input
            type="password"
            name="password"
            autoComplete={newPassword ? 'new-password' : 'current-password'}
            autoFocus={Boolean(email)}
            value={account.password}
            onChange={(event) => set({ password: event.target.value })}
          />
        </Field>
      )}
      <Button type="submit" variant="primary" wide busy={busy}>
        {action}
      </Button>
    </Form>
  )
}
