import { useState } from 'react'
import { fieldError } from '@/api/errors'
import type { Job } from '@/api/queries'
import { useT } from '@/i18n/i18n'
import { Field } from '@/ui/field'
import { FormDialog } from '@/ui/form-dialog'
import { Input, Textarea } from '@/ui/input'
import { toast } from '@/ui/toast'
import { useDescribeJob } from './api'

/** Name and notes of an experiment. */
export function DescribeDialog({ job, onClose }: { job: Job; onClose: () => void }) {
  const t = useT()
  const change = useDescribeJob(job.id)
  const [name, setName] = useState(job.experiment_name ?? '')
  const [notes, setNotes] = useState(job.notes ?? '')
  const submit = () =>
    change.mutate(
      { experiment_name: name.trim() || null, notes: notes.trim() || null },
      {
        onSuccess: () => {
          toast.success(t('training.described'))
          onClose()
        },
      },
    )
  const problem = fieldError(change.error, 'experiment_name')
  return (
    <FormDialog
      onClose={onClose}
      title={t('training.describe')}
      onSubmit={submit}
      running={change}
      fields={['experiment_name']}
    >
      <Field label={t('common.name')} error={problem}>
        <Input
          autoFocus
          maxLength={200}
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
      </Field>
      <Field label={t('training.notes')} optional={t('common.optional')}>
        <Textarea rows={5} value={notes} onChange={(event) => setNotes(event.target.value)} />
      </Field>
    </FormDialog>
  )
}
