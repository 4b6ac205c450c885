import { Link } from 'react-router-dom'
import { errorText } from '@/api/errors'
import { jobName } from '@/api/jobs'
import type { Job } from '@/api/queries'
import { formatDuration } from '@/i18n/format'
import { useT } from '@/i18n/i18n'
import { IconButton } from '@/ui/button'
import { JobMenu, type useJobActions } from '@/ui/job-actions'
import { RelativeTime } from '@/ui/relative-time'
import { Table, Td, Th, Tr } from '@/ui/table'
import { toast } from '@/ui/toast'
import { useChangePriority } from './api'
import { frontPriority, PRIORITY_MOST } from './priority'
import styles from './queue.module.css'

type Actions = ReturnType<typeof useJobActions>
type Props = {
  jobs: readonly Job[]
  nameOf: (job: Job) => string | null
  /** null: looking only */
  actionsFor: (job: Job) => Actions | null
}

export function WaitingTable({ jobs, nameOf, actionsFor }: Props) {
  const t = useT()
  return (
    <Table caption={t('queue.waiting')}>
      <thead>
        <tr>
          <Th numeric>{t('queue.columns.position')}</Th>
          <Th>{t('queue.columns.experiment')}</Th>
          <Th>{t('queue.columns.priority')}</Th>
          <Th>{t('queue.columns.eta')}</Th>
          <Th>{t('queue.columns.by')}</Th>
          <Th>{t('queue.columns.waiting_since')}</Th>
          <Th>
            <span className="visually-hidden">{t('queue.columns.actions')}</span>
          </Th>
        </tr>
      </thead>
      <tbody>
        {jobs.map((job) => (
          <Row
            key={job.id}
            job={job}
            by={nameOf(job)}
            front={frontPriority(jobs, job)}
            actions={actionsFor(job)}
          />
        ))}
      </tbody>
    </Table>
  )
}

type RowProps = { job: Job; by: string | null; front: number | null; actions: Actions | null }

function Row({ job, by, front, actions }: RowProps) {
  const t = useT()
  const change = useChangePriority()
  const name = jobName(job)
  const priority = job.priority ?? 0
  const set = (next: number) =>
    change.mutate(
      { id: job.id, priority: next },
      {
        onSuccess: () => toast.success(t('queue.moved', { priority: next })),
        onError: (error) => toast.error(errorText(error)),
      },
    )
  return (
    <Tr>
      <Td numeric>
        <strong>{job.queue_position ?? '-'}</strong>
      </Td>
      <Td className={styles.experiment}>
        <Link to={`/training/${job.id}`} className={styles.link}>
          {name}
        </Link>
        <span className={styles.sub}>
          <Link to={`/projects/${job.project_id}`}>{job.project_name}</Link> · {job.model_name}
        </span>
      </Td>
      <Td>
        {actions ? (
          <span
            className={styles.priority}
            role="group"
            aria-label={t('queue.priority_of', { name })}
          >
            <IconButton
              icon="minus"
              size="sm"
              label={t('queue.lower', { name })}
              disabled={change.isPending || priority <= -PRIORITY_MOST}
              onClick={() => set(priority - 1)}
            />
            <output className="tabular">{priority}</output>
            <IconButton
              icon="plus"
              size="sm"
              label={t('queue.raise', { name })}
              disabled={change.isPending || priority >= PRIORITY_MOST}
              onClick={() => set(priority + 1)}
            />
          </span>
        ) : (
          priority
        )}
      </Td>
      <Td className={styles.nowrap}>
        {job.eta == null
          ? t('queue.eta_unknown')
          : t('queue.eta_in', { time: formatDuration(job.eta) })}
      </Td>
      <Td>{by ?? '-'}</Td>
      <Td className={styles.nowrap}>
        <RelativeTime time={job.queued_at} />
      </Td>
      <Td>
        {actions && (
          <JobMenu
            job={job}
            actions={actions}
            first={[
              front !== null && {
                label: t('queue.to_front'),
                icon: 'chevronUp',
                onSelect: () => set(front),
              },
              front !== null && 'separator',
            ]}
          />
        )}
      </Td>
    </Tr>
  )
}
