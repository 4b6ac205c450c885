import { useQuery, useQueryClient } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Link } from 'react-router-dom'
import { actionsOf, isQueued } from '@/api/jobs'
import type { Job } from '@/api/queries'
import { useChannel, useLinkState, type LogFrame } from '@/api/stream'
import { formatDuration } from '@/i18n/format'
import { useT } from '@/i18n/i18n'
import { Banner } from '@/ui/banner'
import { warningsQuery } from './api'
import { failureKind, SCRATCH, type FailureKind } from './failure'

/** What may go well the next time without a change. */
const AGAIN: ReadonlySet<FailureKind> = new Set(['disk', 'lost', 'killed', 'crashed', 'busy'])

type Props = {
  job: Job
  logsLink: string
  /** remarks too, not only what is wrong */
  isFull: boolean
}

/** What a reader must know before the numbers: why it failed, that it waits, what was warned of. */
export function JobBanners({ job, logsLink, isFull }: Props) {
  const t = useT()
  const link = useLinkState()
  const client = useQueryClient()
  const warnings = useQuery(warningsQuery(job.id))
  useChannel(`experiment:${job.id}`, (frame) => {
    if (frame.type === 'training_log' && (frame as LogFrame).level === 'WARNING')
      void client.invalidateQueries({ queryKey: warningsQuery(job.id).queryKey })
  })
  const texts = (warnings.data ?? []).map((line) => line.content)
  const fromScratch = texts.some((text) => SCRATCH.test(text))
  const banners: ReactNode[] = []

  if (job.status === 'failed') {
    const kind = failureKind(job.error_message ?? '')
    const mayGoOn = AGAIN.has(kind)
    const hint = actionsOf(job).includes('resume')
      ? 'training.hint_resume'
      : 'training.hint_restart'
    banners.push(
      <Banner key="failed" tone="danger" title={t(`training.failure.${kind}`)}>
        <p>
          {t(`training.remedy.${kind}`)} {mayGoOn && t(hint)}
        </p>
        {job.error_message && <p lang="en">“{job.error_message}”</p>}
        <Link to={logsLink}>{t('training.see_log')}</Link>
      </Banner>,
    )
  }
  if (job.status === 'stopped')
    banners.push(
      <Banner key="stopped" tone="info" title={t('training.stopped_title')}>
        {t('training.stopped_text')}
      </Banner>,
    )
  if (isQueued(job))
    banners.push(
      <Banner
        key="queued"
        tone="info"
        title={t('training.queued_title', { position: job.queue_position ?? '?' })}
        action={<Link to="/queue">{t('training.see_queue')}</Link>}
      >
        {typeof job.eta === 'number'
          ? t('training.queued_eta', { time: formatDuration(job.eta) })
          : t('training.queued_text')}
      </Banner>,
    )
  if (isFull && fromScratch && job.pretrained)
    banners.push(
      <Banner key="scratch" tone="warn" title={t('training.scratch_title')}>
        {t('training.scratch_text')}
      </Banner>,
    )
  if (job.status === 'running' && link === 'disconnected')
    banners.push(
      <Banner key="link" tone="warn">
        {t('training.link_lost')}
      </Banner>,
    )
  return <>{banners}</>
}
