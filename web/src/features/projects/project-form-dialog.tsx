import { useState } from 'react'
import { fieldError } from '@/api/errors'
import type { Project } from '@/api/queries'
import { useT } from '@/i18n/i18n'
import { Field } from '@/ui/field'
import { FormDialog } from '@/ui/form-dialog'
import { Input, Textarea } from '@/ui/input'
import { toast } from '@/ui/toast'
import { useChangeProject, useCreateProject } from './api'

type Props = {
  /** absent: a new one */
  project?: Project
  onClose: () => void
  onDone: (project: Project) => void
}

const NAME_MOST = 200

export default function ProjectFormDialog({ project, onClose, onDone }: Props) {
  const t = useT()
  const create = useCreateProject()
  const change = useChangeProject(project?.id ?? 0)
  const running = project ? change : create
  const [name, setName] = useState(project?.name ?? '')
  const [description, setDescription] = useState(project?.description ?? '')
  const [isEmpty, setEmpty] = useState(false)
  const problem = isEmpty ? t('projects.name_needed') : fieldError(running.error, 'name')

  const submit = () => {
    setEmpty(!name.trim())
    if (!name.trim() || running.isPending) return
    running.mutate(
      { name: name.trim(), description: description.trim() || null },
      {
        onSuccess: (made) => {
          toast.success(t(project ? 'projects.changed' : 'projects.created'))
          onDone(made as Project)
        },
      },
    )
  }
  return (
    <FormDialog
      onClose={onClose}
      title={t(project ? 'projects.edit' : 'projects.new')}
      description={project ? undefined : t('projects.new_lead')}
      onSubmit={submit}
      running={running}
      fields={['name']}
      action={t(project ? 'common.save' : 'common.create')}
    >
      <Field label={t('common.name')} error={problem} required>
        <Input
          autoFocus
          maxLength={NAME_MOST}
          placeholder={t('projects.name_example')}
          value={name}
          onChange={(event) => setName(event.target.value)}
        />
      </Field>
      <Field label={t('common.description')} optional={t('common.optional')}>
        <Textarea value={description} onChange={(event) => setDescription(event.target.value)} />
      </Field>
    </FormDialog>
  )
}
