import { useQuery } from '@tanstack/react-query'
import { ApiError, errorText } from '@/api/errors'
import type { Project } from '@/api/queries'
import { useT } from '@/i18n/i18n'
import { Banner } from '@/ui/banner'
import { ConfirmDialog } from '@/ui/dialog'
import { toast } from '@/ui/toast'
import { datasetCountQuery, useDeleteProject } from './api'

type Props = { project: Project; onClose: () => void }

/** Where experiments run or wait that can be cancelled, a second question. */
export function DeleteProjectDialog({ project, onClose }: Props) {
  const t = useT()
  const remove = useDeleteProject()
  const datasets = useQuery(datasetCountQuery(project.id)).data
  // What runs in another project nothing here can stop.
  const { error } = remove
  const isInUse = error instanceof ApiError && error.detail.includes('use force=1')
  const confirm = () =>
    remove.mutate(
      { id: project.id, force: isInUse },
      {
        onSuccess: () => {
          toast.success(t('projects.deleted'))
          onClose()
        },
      },
    )
  return (
    <ConfirmDialog
      onClose={onClose}
      title={t('projects.delete_title')}
      action={t(isInUse ? 'projects.delete_force' : 'common.delete')}
      danger
      running={remove}
      failure={
        isInUse && (
          <Banner tone="warn" title={errorText(error)}>
            {t('projects.delete_in_use')}
          </Banner>
        )
      }
      onConfirm={confirm}
    >
      <p>
        {t('projects.delete_text', { name: project.name ?? '', count: project.experiment_count })}
      </p>
      <p>
        {datasets === undefined
          ? t('projects.delete_datasets_any')
          : t('projects.delete_datasets', { count: datasets })}
      </p>
    </ConfirmDialog>
  )
}
