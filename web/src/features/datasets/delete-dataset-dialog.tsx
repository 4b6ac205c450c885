import { isStatus } from '@/api/errors'
import type { Dataset } from '@/api/queries'
import { useT } from '@/i18n/i18n'
import { Banner } from '@/ui/banner'
import { ConfirmDialog } from '@/ui/dialog'
import { toast } from '@/ui/toast'
import { useDeleteDataset } from './api'

type Props = { dataset: Dataset; onClose: () => void; onDeleted: () => void }

/** Where an experiment uses it, a second question: that one is cancelled then. */
export function DeleteDatasetDialog({ dataset, onClose, onDeleted }: Props) {
  const t = useT()
  const remove = useDeleteDataset()
  const isInUse = isStatus(remove.error, 409)
  const confirm = () =>
    remove.mutate(
      { id: dataset.id, force: isInUse },
      {
        onSuccess: () => {
          toast.success(t('datasets.page.deleted'))
          onDeleted()
        },
      },
    )
  return (
    <ConfirmDialog
      onClose={onClose}
      title={t('datasets.page.delete_title')}
      action={t(isInUse ? 'datasets.page.delete_force' : 'common.delete')}
      danger
      running={remove}
      failure={isInUse && <Banner tone="warn">{t('datasets.page.delete_in_use')}</Banner>}
      onConfirm={confirm}
    >
      <p>{t('datasets.page.delete_text', { name: dataset.name, count: dataset.file_count })}</p>
    </ConfirmDialog>
  )
}
