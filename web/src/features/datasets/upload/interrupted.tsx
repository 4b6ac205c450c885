import { useMutation } from '@tanstack/react-query'
import { errorText } from '@/api/errors'
import { formatBytes, formatRelative } from '@/i18n/format'
import { useT } from '@/i18n/i18n'
import { Banner } from '@/ui/banner'
import { Button } from '@/ui/button'
import { toast } from '@/ui/toast'
import type { Remembered } from './remembered'
import { discardUpload } from './uploader'

/** An upload of an earlier visit: the same files, chosen again, go on. */
export function Interrupted({ entry }: { entry: Remembered }) {
  const t = useT()
  const discard = useMutation({
    mutationFn: () => discardUpload(entry.id),
    onError: (error) => toast.error(errorText(error)),
  })
  return (
    <Banner
      tone="warn"
      title={t('datasets.upload.interrupted_title', { name: entry.draft.name })}
      action={
        <Button size="sm" busy={discard.isPending} onClick={() => discard.mutate()}>
          {t('datasets.upload.discard')}
        </Button>
      }
    >
      {t('datasets.upload.interrupted', {
        count: entry.fileCount,
        size: formatBytes(entry.bytes),
        time: formatRelative(entry.begunAt),
      })}
    </Banner>
  )
}
