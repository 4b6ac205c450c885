import { errorText, isStatus } from '@/api/errors'
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
      open
      onOpenChange={(open) => !open && onClose()}
      title={t('datasets.page.delete_title')}
      action={t(isInUse ? 'datasets.page.delete_force' : 'common.delete')}
      danger
      busy={remove.isPending}
      onConfirm={confirm}
    >
      {remove.error ? (
        <Banner tone={isInUse ? 'warn' : 'danger'}>
          {isInUse ? t('datasets.page.delete_in_use') : errorText(remove.error)}
        </Banner>
      ) : null}
      <p>{t('datasets.page.delete_text', { name: dataset.name, count: dataset.file_count })}</p>
    </ConfirmDialog>
  )
}
