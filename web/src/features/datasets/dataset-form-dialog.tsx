import { useState } from 'react'
import { errorText, fieldError } from '@/api/errors'
import type { Dataset } from '@/api/queries'
import { useT } from '@/i18n/i18n'
import { Banner } from '@/ui/banner'
import { Button } from '@/ui/button'
import { Dialog } from '@/ui/dialog'
import { Field } from '@/ui/field'
import { Input, Textarea } from '@/ui/input'
import { Select } from '@/ui/select'
import { toast } from '@/ui/toast'
import { useChangeDataset } from './api'

const visibilities = ['private', 'organization', 'public'] as const

export function DatasetFormDialog({ dataset, onClose }: { dataset: Dataset; onClose: () => void }) {
  const t = useT()
  const change = useChangeDataset(dataset.id)
  const [draft, setDraft] = useState({
    name: dataset.name,
    description: dataset.description ?? '',
    visibility: dataset.visibility,
  })
  const [isTried, setTried] = useState(false)
  const isEmpty = !draft.name.trim()
  const nameError =
    isTried && isEmpty ? t('datasets.name_needed') : fieldError(change.error, 'name')
  const submit = () => {
    setTried(true)
    if (isEmpty || change.isPending) return
    change.mutate(
      { ...draft, name: draft.name.trim() },
      {
        onSuccess: () => {
          toast.success(t('datasets.page.changed'))
          onClose()
        },
      },
    )
  }
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={t('datasets.page.edit')}
      onSubmit={submit}
      footer={
        <>
          <Button onClick={onClose}>{t('common.cancel')}</Button>
          <Button type="submit" variant="primary" busy={change.isPending}>
            {t('common.save')}
          </Button>
        </>
      }
    >
      {change.error && !nameError ? <Banner tone="danger">{errorText(change.error)}</Banner> : null}
      <Field label={t('common.name')} error={nameError} required>
        <Input
          autoFocus
          maxLength={200}
          value={draft.name}
          onChange={(event) => setDraft({ ...draft, name: event.target.value })}
        />
      </Field>
      <Field label={t('common.description')} optional={t('common.optional')}>
        <Textarea
          value={draft.description}
          onChange={(event) => setDraft({ ...draft, description: event.target.value })}
        />
      </Field>
      <Field label={t('datasets.visibility')}>
        <Select
          value={draft.visibility}
          onChange={(visibility) => setDraft({ ...draft, visibility })}
          options={visibilities.map((value) => ({
            value,
            label: t(`datasets.visibilities.${value}`),
          }))}
        />
      </Field>
    </Dialog>
  )
}
