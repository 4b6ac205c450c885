import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { fieldError } from '@/api/errors'
import { ladder, type SystemRole } from '@/api/roles'
import { useT } from '@/i18n/i18n'
import { Button } from '@/ui/button'
import { Card } from '@/ui/card'
import { Field } from '@/ui/field'
import { Failure, Form } from '@/ui/form'
import { Input } from '@/ui/input'
import { Stack } from '@/ui/page'
import { Select } from '@/ui/select'
import { Loaded } from '@/ui/states'
import { Switch } from '@/ui/switch'
import { toast } from '@/ui/toast'
import { useUnsavedGuard } from '@/ui/use-unsaved-guard'
import styles from './admin-page.module.css'
import { settingsQuery, useChangeSettings, type Settings } from './api'

export function SettingsTab() {
  const query = useQuery(settingsQuery())
  return <Loaded query={query}>{(settings) => <SettingsForm settings={settings} />}</Loaded>
}

function SettingsForm({ settings }: { settings: Settings }) {
  const t = useT()
  const change = useChangeSettings()
  const [draft, setDraft] = useState<Settings>(settings)
  const [limit, setLimit] = useState(String(settings.jobs_running_limit))
  const [isTried, setTried] = useState(false)
  const isBadLimit = !/^\d+$/.test(limit) || Number(limit) < 1
  const wanted = { ...draft, jobs_running_limit: Number(limit) }
  const isDirty = JSON.stringify(wanted) !== JSON.stringify(settings)
  const limitError =
    isTried && isBadLimit
      ? t('admin.settings.limit_needed')
      : fieldError(change.error, 'jobs_running_limit')
  const save = () => {
    setTried(true)
    if (!isBadLimit)
      change.mutate(wanted, { onSuccess: () => toast.success(t('admin.settings.saved')) })
  }
  return (
    <Card title={t('admin.tabs.settings')} className={styles.narrow}>
      <Form onSubmit={save}>
        {useUnsavedGuard(isDirty)}
        <Stack>
          <Failure error={change.error} fields={['jobs_running_limit']} />
          <Field
            label={t('admin.settings.open_registration')}
            hint={t('admin.settings.open_registration_hint')}
          >
            <Switch
              checked={draft.open_registration}
              onChange={(open_registration) => setDraft({ ...draft, open_registration })}
              words={t(draft.open_registration ? 'common.yes' : 'common.no')}
            />
          </Field>
          <Field
            label={t('admin.settings.default_role')}
            hint={t(`admin.role_hints.${draft.default_role}`)}
          >
            <Select
              value={draft.default_role}
              onChange={(role) => setDraft({ ...draft, default_role: role as SystemRole })}
              options={ladder.map((value) => ({ value, label: t(`profile.roles.${value}`) }))}
            />
          </Field>
          <Field
            label={t('admin.settings.limit')}
            hint={t('admin.settings.limit_hint')}
            error={limitError}
          >
            <Input
              type="number"
              min={1}
              max={64}
              value={limit}
              onChange={(event) => setLimit(event.target.value)}
            />
          </Field>
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
