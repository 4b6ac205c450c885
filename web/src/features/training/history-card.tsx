import { useQuery } from '@tanstack/react-query'
import { checkpointsQuery } from '@/api/job-results'
import type { Job } from '@/api/queries'
import { formatDateTime, formatDuration, formatPercent } from '@/i18n/format'
import { useT } from '@/i18n/i18n'
import { Card, DescriptionList } from '@/ui/card'
import { validationSummaryQuery } from './api'
import styles from './history-card.module.css'

type Event = { time: string; text: string }

const secondsBetween = (from: string | null | undefined, to: string | null | undefined) =>
  from && to ? (Date.parse(to) - Date.parse(from)) / 1000 : null

/** When what happened, and how often it was begun. */
export function HistoryCard({ job }: { job: Job }) {
  const t = useT()
  const checkpoints = useQuery(checkpointsQuery(job.id))
  const summary = useQuery(validationSummaryQuery(job.id))
  const best = checkpoints.data?.find((c) => c.is_best)
  const latest = checkpoints.data?.find((c) => c.kind === 'latest')
  const candidates: [string | null | undefined, string][] = [
    [job.created_at, t('training.event.created')],
    [job.status === 'pending' ? job.queued_at : null, t('training.event.queued')],
    [job.started_at, t('training.event.started', { attempt: job.attempt ?? 1 })],
    [
      best?.created_at,
      t('training.event.best', {
        epoch: best?.epoch ?? '-',
        value: formatPercent(summary.data?.best_metric_value, 2),
      }),
    ],
    [latest?.created_at, t('training.event.latest', { epoch: latest?.epoch ?? '-' })],
    [job.completed_at, t('training.event.ended')],
  ]
  const events = candidates
    .filter((event): event is [string, string] => Boolean(event[0]))
    .map(([time, text]): Event => ({ time, text }))
    .sort((a, b) => Date.parse(a.time) - Date.parse(b.time))
  return (
    <Card title={t('training.history')}>
      <div className={styles.history}>
        <ol className={styles.events}>
          {events.map((event) => (
            <li key={event.text}>
              <time dateTime={event.time}>{formatDateTime(event.time)}</time>
              <span>{event.text}</span>
            </li>
          ))}
        </ol>
        <DescriptionList
          items={[
            [t('training.number'), `#${job.id}`],
            [t('training.attempts'), job.attempt],
            [
              t('training.duration'),
              formatDuration(
                secondsBetween(
                  job.started_at,
                  job.completed_at ?? (job.status === 'running' ? new Date().toISOString() : null),
                ),
              ),
            ],
            [t('training.priority'), job.priority],
            [t('training.folder'), <code key="folder">{job.output_dir}</code>],
            [t('training.notes'), job.notes],
          ]}
        />
      </div>
    </Card>
  )
}
