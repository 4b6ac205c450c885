import type { ReactNode } from 'react'
import { Link } from 'react-router-dom'
import { jobName, jobProgress } from '@/api/jobs'
import type { Job } from '@/api/queries'
import { formatDuration, formatNumber } from '@/i18n/format'
import { useT } from '@/i18n/i18n'
import { JobMenu, type useJobActions } from '@/ui/job-actions'
import { ProgressBar } from '@/ui/progress-bar'
import { RelativeTime } from '@/ui/relative-time'
import { StatusBadge } from '@/ui/status-badge'
import styles from './queue.module.css'

type Props = { job: Job; by: string | null; actions: ReturnType<typeof useJobActions> | null }

export function RunningJob({ job, by, actions }: Props) {
  const t = useT()
  const name = jobName(job)
  return (
    <article className={styles.job}>
      <div className={styles.head}>
        <div className={styles.words}>
          <h3 className={styles.name}>
            <Link to={`/training/${job.id}`}>{name}</Link>
          </h3>
          <p className={styles.sub}>
            <Link to={`/projects/${job.project_id}`}>{job.project_name}</Link> · {job.model_name}
          </p>
        </div>
        <StatusBadge status={job.status} />
        {actions && <JobMenu job={job} actions={actions} />}
      </div>
      <ProgressBar
        value={jobProgress(job)}
        showPercent
        label={t('experiments.progress_of', { name })}
      />
      <dl className={styles.facts}>
        <Fact name={t('queue.epoch')} value={`${job.current_epoch} / ${job.total_epochs}`} />
        <Fact name={t('queue.remaining')} value={formatDuration(job.eta_seconds)} />
        <Fact
          name={t('queue.speed')}
          value={
            job.images_per_second
              ? t('queue.speed_value', {
                  images: formatNumber(job.images_per_second, job.images_per_second < 10 ? 1 : 0),
                })
              : '-'
          }
        />
        <Fact name={t('queue.started')} value={<RelativeTime time={job.started_at} />} />
        <Fact name={t('queue.columns.by')} value={by ?? '-'} />
      </dl>
    </article>
  )
}

function Fact({ name, value }: { name: string; value: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  )
}
