import { useState } from 'react'
import { errorText, fieldError } from '@/api/errors'
import type { Project } from '@/api/queries'
import { useT } from '@/i18n/i18n'
import { Banner } from '@/ui/banner'
import { Button } from '@/ui/button'
import { Dialog } from '@/ui/dialog'
import { Field } from '@/ui/field'
import { Input, Textarea } from '@/ui/input'
import { toast } from '@/ui/toast'
import { useChangeProject } from './api'

const NAME_MOST = 200

export function EditProjectDialog({ project, onClose }: { project: Project; onClose: () => void }) {
  const t = useT()
  const change = useChangeProject(project.id)
  const [name, setName] = useState(project.name)
  const [description, setDescription] = useState(project.description ?? '')
  const [isEmpty, setEmpty] = useState(false)
  const problem = isEmpty ? t('projects.name_needed') : fieldError(change.error, 'name')

  const submit = () => {
    setEmpty(!name.trim())
    if (!name.trim() || change.isPending) return
    change.mutate(
      { name: name.trim(), description: description.trim() || null },
      {
        onSuccess: () => {
          toast.success(t('projects.changed'))
          onClose()
        },
      },
    )
  }
  return (
    <Dialog
      open
      onOpenChange={(open) => !open && onClose()}
      title={t('projects.edit')}
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
      {change.error && !problem ? <Banner tone="danger">{errorText(change.error)}</Banner> : null}
      <Field label={t('common.name')} error={problem} required>
        <Input
          autoFocus
          maxLength={NAME_MOST}
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
      </Field>
      <Field label={t('common.description')} optional={t('common.optional')}>
        <Textarea value={description} onChange={(event) => setDescription(event.target.value)} />
      </Field>
    </Dialog>
  )
}
