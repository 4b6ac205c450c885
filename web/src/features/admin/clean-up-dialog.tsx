import { useEffect, useState } from 'react'
import type { Schemas } from '@/api/client'
import { formatBytes } from '@/i18n/format'
import { useT } from '@/i18n/i18n'
import { Banner } from '@/ui/banner'
import { Field } from '@/ui/field'
import { FormDialog } from '@/ui/form-dialog'
import { Input } from '@/ui/input'
import { Select } from '@/ui/select'
import { toast } from '@/ui/toast'
import { useCleanUp, type CleanUpWish } from './api'

const keeps = ['best_and_latest', 'best'] as const
const PAUSE_MS = 300 // while a number is typed

type Props = { project: Schemas['ProjectDiskSum']; onClose: () => void }

/** Says what would be freed before anything is. */
export function CleanUpDialog({ project, onClose }: Props) {
  const t = useT()
  const preview = useCleanUp(project.project_id)
  const run = useCleanUp(project.project_id)
  const [keep, setKeep] = useState<CleanUpWish['keep']>('best_and_latest')
  const [days, setDays] = useState('0')
  const older = Math.max(0, Math.round(Number(days) || 0))
  const look = preview.mutate

  useEffect(() => {
    const timer = setTimeout(() => look({ keep, older_than_days: older, dry_run: true }), PAUSE_MS)
    return () => clearTimeout(timer)
  }, [keep, older, look])

  const submit = () =>
    run.mutate(
      { keep, older_than_days: older, dry_run: false },
      {
        onSuccess: ({ freed_bytes }) => {
          toast.success(t('admin.disk.freed', { size: formatBytes(freed_bytes) }))
          onClose()
        },
      },
    )
  const found = preview.data
  return (
    <FormDialog
      onClose={onClose}
      title={t('admin.disk.clean_up_title')}
      description={project.name}
      onSubmit={submit}
      running={{ isPending: run.isPending, error: run.error ?? preview.error }}
      action={t('admin.disk.clean_up')}
      danger
      disabled={!found?.removed_files}
    >
      <p>{t('admin.disk.clean_up_text')}</p>
      <Field label={t('admin.disk.keep')}>
        <Select
          value={keep}
          onChange={(value) => setKeep(value as CleanUpWish['keep'])}
          options={keeps.map((value) => ({ value, label: t(`admin.disk.keeps.${value}`) }))}
        />
      </Field>
      <Field label={t('admin.disk.older')} hint={t('admin.disk.older_hint')}>
        <Input
          type="number"
          min={0}
          max={36500}
          value={days}
          onChange={(event) => setDays(event.target.value)}
        />
      </Field>
      {found && (
        <Banner tone={found.removed_files ? 'warn' : 'info'}>
          {found.removed_files
            ? t('admin.disk.would_free', {
                size: formatBytes(found.freed_bytes),
                count: found.removed_files,
              })
            : t('admin.disk.nothing_to_free')}
        </Banner>
      )}
    </FormDialog>
  )
}
