import { errorText } from '@/api/errors'
import type { Project } from '@/api/queries'
import { useT } from '@/i18n/i18n'
import { Banner } from '@/ui/banner'
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
      open
      onOpenChange={(open) => !open && onClose()}
      title={t('projects.delete_title')}
      action={t('common.delete')}
      danger
      busy={remove.isPending}
      onConfirm={confirm}
    >
      {remove.error ? <Banner tone="danger">{errorText(remove.error)}</Banner> : null}
      <p>
        {t('projects.delete_text', { name: project.name ?? '', count: project.experiment_count })}
      </p>
    </ConfirmDialog>
  )
}
