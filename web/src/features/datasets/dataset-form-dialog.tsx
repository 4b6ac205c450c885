import { useState } from 'react'
import { fieldError } from '@/api/errors'
import type { Dataset } from '@/api/queries'
import { useT } from '@/i18n/i18n'
import { Field } from '@/ui/field'
import { FormDialog } from '@/ui/form-dialog'
import { Input, Textarea } from '@/ui/input'
import { toast } from '@/ui/toast'
import { useChangeDataset } from './api'
import { VisibilityField } from './visibility-field'

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
    <FormDialog
      onClose={onClose}
      title={t('datasets.page.edit')}
      onSubmit={submit}
      running={change}
      fields={['name']}
    >
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
      <VisibilityField
        value={draft.visibility}
        onChange={(visibility) => setDraft({ ...draft, visibility })}
      />
    </FormDialog>
  )
}
