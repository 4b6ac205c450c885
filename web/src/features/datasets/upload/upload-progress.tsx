import { useEffect, useRef, useState } from 'react'
import { errorText, type ApiError } from '@/api/errors'
import type { Dataset } from '@/api/queries'
import { useStore } from '@/api/store'
import { formatBytes, formatDuration, formatNumber } from '@/i18n/format'
import { useT } from '@/i18n/i18n'
import { Banner } from '@/ui/banner'
import { Button } from '@/ui/button'
import { ConfirmDialog } from '@/ui/dialog'
import { ProgressBar } from '@/ui/progress-bar'
import { toast } from '@/ui/toast'
import type { Upload, UploadState } from './uploader'
import styles from './upload-panel.module.css'

/** An upload that runs: how far it is, how fast, what stands in its way and what to do about it. */
export function UploadProgress({
  upload,
  onDone,
}: {
  upload: Upload
  onDone: (dataset: Dataset) => void
}) {
  const t = useT()
  const state = useStore(upload.state)
  const [isAsking, setAsking] = useState(false)
  const told = useRef(false)
  const { phase, dataset } = state

  useEffect(() => {
    if (!dataset || told.current) return
    told.current = true
    onDone(dataset)
  }, [dataset, onDone])
  useEffect(() => upload.watch(), [upload])

  const isGoing = phase === 'sending' || phase === 'waiting' || phase === 'starting'
  return (
    <section className={styles.progress} aria-label={t('datasets.upload.total')}>
      <h3>{t('datasets.upload.title', { name: upload.job.draft.name })}</h3>
      {phase === 'failed' && state.error ? (
        <Banner tone="danger" title={t('datasets.upload.phases.failed')}>
          <Advice error={state.error} />
          <p>{t('datasets.upload.kept')}</p>
        </Banner>
      ) : phase === 'waiting' ? (
        <Banner tone="warn">{t('datasets.upload.phases.waiting')}</Banner>
      ) : (
        <p role="status" className={styles.phase}>
          {t(`datasets.upload.phases.${phase}`)}
        </p>
      )}
      <ProgressBar
        label={t('datasets.upload.total')}
        value={state.totalBytes ? state.sentBytes / state.totalBytes : null}
        tone={phase === 'failed' ? 'danger' : phase === 'waiting' ? 'warn' : 'accent'}
        showPercent
      />
      <Numbers state={state} />
      {state.active.length > 0 && state.totalFiles > 1 && (
        <ul className={styles.active}>
          {state.active.map(({ path, sent, size }) => (
            <li key={path}>
              <span title={path}>{path}</span>
              <ProgressBar label={path} size="sm" value={size ? sent / size : null} />
            </li>
          ))}
        </ul>
      )}
      <div className={styles.buttons}>
        {isGoing && (
          <Button icon="pause" onClick={upload.pause}>
            {t('datasets.upload.pause')}
          </Button>
        )}
        {(phase === 'paused' || phase === 'failed') && (
          <Button variant="primary" icon="play" onClick={upload.goOn}>
            {t('datasets.upload.go_on')}
          </Button>
        )}
        {phase === 'failed' && (
          <Button icon="edit" onClick={upload.leave}>
            {t('datasets.upload.back_to_form')}
          </Button>
        )}
        {phase !== 'committing' && phase !== 'done' && (
          <Button icon="close" onClick={() => setAsking(true)}>
            {t('datasets.upload.cancel')}
          </Button>
        )}
      </div>
      <ConfirmDialog
        open={isAsking}
        onClose={() => setAsking(false)}
        title={t('datasets.upload.cancel_title')}
        action={t('datasets.upload.cancel')}
        danger
        onConfirm={() => {
          setAsking(false)
          upload.cancel().catch((error: unknown) => toast.error(errorText(error)))
        }}
      >
        <p>{t('datasets.upload.cancel_text')}</p>
      </ConfirmDialog>
    </section>
  )
}

function Numbers({ state }: { state: UploadState }) {
  const t = useT()
  const { sentBytes, totalBytes, doneFiles, totalFiles, bytesPerSecond, secondsLeft } = state
  return (
    <p className={styles.numbers}>
      <span>
        {t('datasets.upload.of_bytes', {
          sent: formatBytes(sentBytes),
          total: formatBytes(totalBytes),
        })}
      </span>
      <span>
        {t('datasets.upload.of_files', {
          done: formatNumber(doneFiles),
          total: formatNumber(totalFiles),
        })}
      </span>
      {bytesPerSecond !== null && (
        <span>{t('datasets.upload.speed', { speed: formatBytes(bytesPerSecond) })}</span>
      )}
      {secondsLeft !== null && secondsLeft >= 1 && (
        <span>{t('datasets.upload.left', { time: formatDuration(secondsLeft) })}</span>
      )}
    </p>
  )
}

const byStatus: Record<number, 'no_space' | 'signed_out' | 'forbidden' | 'expired' | 'too_large'> =
  { 507: 'no_space', 401: 'signed_out', 403: 'forbidden', 404: 'expired', 413: 'too_large' }

function Advice({ error }: { error: ApiError }) {
  const t = useT()
  const known = byStatus[error.status]
  if (known) return <p>{t(`datasets.upload.advice.${known}`)}</p>
  if (error.code === 'FILE_CHANGED')
    return <p>{t('datasets.upload.advice.file_changed', { name: error.detail })}</p>
  return <p>{t('datasets.upload.advice.refused', { reason: errorText(error) })}</p>
}
