import { useState } from 'react'
import { fieldError } from '@/api/errors'
import type { User } from '@/api/queries'
import { formatDate } from '@/i18n/format'
import { tMaybe, useT } from '@/i18n/i18n'
import { Badge } from '@/ui/badge'
import { Button } from '@/ui/button'
import { Card, DescriptionList } from '@/ui/card'
import { Field } from '@/ui/field'
import { Failure, Form } from '@/ui/form'
import { Input } from '@/ui/input'
import { Stack } from '@/ui/page'
import { toast } from '@/ui/toast'
import { useUnsavedGuard } from '@/ui/use-unsaved-guard'
import { useChangeMe, type ProfileDraft } from './api'

const fields = ['full_name', 'company', 'department', 'phone_number'] as const
const complete = {
  full_name: 'name',
  company: 'organization',
  department: 'organization-title',
  phone_number: 'tel',
}

const draftOf = (me: User): Record<(typeof fields)[number], string> => ({
  full_name: me.full_name ?? '',
  company: me.company ?? '',
  department: me.department ?? '',
  phone_number: me.phone_number ?? '',
})

export function AccountCard({ me }: { me: User }) {
  const t = useT()
  const change = useChangeMe()
  const [draft, setDraft] = useState(() => draftOf(me))
  const isDirty = fields.some((name) => draft[name] !== draftOf(me)[name])
  const save = () => {
    const body = Object.fromEntries(
      fields.map((name) => [name, draft[name].trim() || null]),
    ) as ProfileDraft
    change.mutate(body, { onSuccess: () => toast.success(t('profile.saved')) })
  }
  return (
    <Card title={t('profile.account')}>
      <Form onSubmit={save}>
        {useUnsavedGuard(isDirty)}
        <Stack gap={3}>
          <DescriptionList
            items={[
              [t('profile.email'), me.email],
              [
                t('profile.role'),
                <Badge key="role" tone="accent">
                  {tMaybe(`profile.roles.${me.system_role}`) ?? me.system_role}
                </Badge>,
              ],
              [t('profile.since'), formatDate(me.created_at)],
            ]}
          />
          <Failure error={change.error} fields={fields} />
          {fields.map((name) => (
            <Field
              key={name}
              label={t(`profile.${name}`)}
              optional={t('common.optional')}
              error={fieldError(change.error, name)}
            >
              <Input
                name={name}
                autoComplete={complete[name]}
                maxLength={100}
                value={draft[name]}
                onChange={(event) => setDraft({ ...draft, [name]: event.target.value })}
              />
            </Field>
          ))}
          <span>
            <Button type="submit" variant="primary" disabled={!isDirty} busy={change.isPending}>
              {t('common.save')}
            </Button>
          </span>
        </Stack>
      </Form>
    </Card>
  )
}
