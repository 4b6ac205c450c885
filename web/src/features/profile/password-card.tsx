import { useState } from 'react'
import { errorText, fieldError, isStatus } from '@/api/errors'
import { useT } from '@/i18n/i18n'
import { Banner } from '@/ui/banner'
import { Button } from '@/ui/button'
import { Card } from '@/ui/card'
import { Field } from '@/ui/field'
import { Form } from '@/ui/form'
import { Input } from '@/ui/input'
import { Stack } from '@/ui/page'
import { toast } from '@/ui/toast'
import { useChangeMe } from './api'
import { passwordProblem } from './password-problem'
import styles from './profile-page.module.css'

const empty = { current: '', next: '', again: '' }

export function PasswordCard() {
  const t = useT()
  const change = useChangeMe()
  const [draft, setDraft] = useState(empty)
  const [isTried, setTried] = useState(false)
  const problem = isTried ? passwordProblem(draft) : null
  const isWrong = isStatus(change.error, 400) || isStatus(change.error, 403)
  const set = (part: Partial<typeof empty>) => {
    if (change.error) change.reset()
    setDraft({ ...draft, ...part })
  }
  const submit = () => {
    setTried(true)
    if (passwordProblem(draft)) return
    change.mutate(
      { current_password: draft.current, password: draft.next },
      {
        onSuccess: () => {
          setDraft(empty)
          setTried(false)
          toast.success(t('profile.password_changed'))
        },
      },
    )
  }
  const error = (name: 'current' | 'next' | 'again') =>
    problem?.field === name ? t(`profile.problems.${problem.words}`) : undefined
  return (
    <Card title={t('profile.password')}>
      <Form onSubmit={submit}>
        <Stack gap={3}>
          <p className={styles.hint}>{t('profile.password_hint')}</p>
          {change.error ? (
            <Banner tone="danger">
              {isWrong ? t('profile.problems.wrong') : errorText(change.error)}
            </Banner>
          ) : null}
          <Field label={t('profile.current_password')} error={error('current')} required>
            <Input
              type="password"
              autoComplete="current-password"
              value={draft.current}
              onChange={(event) => set({ current: event.target.value })}
            />
          </Field>
          <Field
            label={t('profile.new_password')}
            error={error('next') ?? fieldError(change.error, 'password')}
            required
          >
            <Input
              type="password"
              autoComplete="new-password"
              value={draft.next}
              onChange={(event) => set({ next: event.target.value })}
            />
          </Field>
          <Field label={t('profile.again_password')} error={error('again')} required>
            <Input
              type="password"
              autoComplete="new-password"
              value={draft.again}
              onChange={(event) => set({ again: event.target.value })}
            />
          </Field>
          <span>
            <Button type="submit" busy={change.isPending}>
              {t('profile.change_password')}
            </Button>
          </span>
        </Stack>
      </Form>
    </Card>
  )
}
