import type { Project } from '@/api/queries'
import { useT } from '@/i18n/i18n'
import { ConfirmDialog } from '@/ui/dialog'
import { toast } from '@/ui/toast'
import { useDeleteProject } from './api'

export function DeleteProjectDialog({
  project,
  onClose,
}: {
  project: Project
  onClose: () => void
}) {
  const t = useT()
  const remove = useDeleteProject()
  const confirm = () =>
    remove.mutate(project.id, {
      onSuccess: () => {
        toast.success(t('projects.deleted'))
        onClose()
      },
    })
  return (
    <ConfirmDialog
      onClose={onClose}
      title={t('projects.delete_title')}
      action={t('common.delete')}
      danger
      running={remove}
      onConfirm={confirm}
    >
      <p>
        {t('projects.delete_text', { name: project.name ?? '', count: project.experiment_count })}
      </p>
    </ConfirmDialog>
  )
}
