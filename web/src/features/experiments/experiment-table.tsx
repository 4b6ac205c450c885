import { memo } from 'react'
import { Link } from 'react-router-dom'
import { isQueued, jobName, jobProgress, jobTags } from '@/api/jobs'
import type { Job } from '@/api/queries'
import { formatPercent } from '@/i18n/format'
import { tMaybe, useT } from '@/i18n/i18n'
import { Chip } from '@/ui/badge'
import { Button } from '@/ui/button'
import { Checkbox } from '@/ui/checkbox'
import { JobMenu, type useJobActions } from '@/ui/job-actions'
import { cx } from '@/ui/cx'
import { ProgressBar } from '@/ui/progress-bar'
import { RelativeTime } from '@/ui/relative-time'
import { StatusBadge } from '@/ui/status-badge'
import { Table, Td, Th, Tr } from '@/ui/table'
import styles from './experiment-table.module.css'
import type { ListState, Sort } from './list-state'

const TAGS_SHOWN = 3

type Actions = ReturnType<typeof useJobActions>
type Props = {
  jobs: readonly Job[]
  list: ListState
  selected: readonly number[]
  /** what it shows is old, the new is on its way */
  isStale: boolean
  mayWork: boolean
  actions: Actions
  onSort: (sort: Sort) => void
  onSelect: (ids: readonly number[], chosen: boolean) => void
}

export function ExperimentTable(props: Props) {
  const { jobs, list, selected, isStale, mayWork, actions, onSort, onSelect } = props
  const t = useT()
  const chosen = jobs.filter((job) => selected.includes(job.id)).length
  const head = (sort: Sort) => ({
    sorted: list.sort === sort && list.order,
    onSort: () => onSort(sort),
  })
  return (
    <Table caption={t('experiments.title')} aria-busy={isStale} className={styles.table}>
      <thead>
        <tr>
          <Th className={styles.check}>
            <Checkbox
              label={t('experiments.select_page')}
              checked={chosen === 0 ? false : chosen === jobs.length || 'indeterminate'}
              onChange={(checked) =>
                onSelect(
                  jobs.map((job) => job.id),
                  checked,
                )
              }
            />
          </Th>
          <Th {...head('name')}>{t('experiments.columns.name')}</Th>
          <Th className={styles.wide}>{t('experiments.columns.model')}</Th>
          <Th className={styles.wide}>{t('experiments.columns.task')}</Th>
          <Th>{t('experiments.columns.status')}</Th>
          <Th numeric className={styles.wide} {...head('accuracy')}>
            {t('experiments.columns.accuracy')}
          </Th>
          <Th className={styles.wide} {...head('created')}>
            {t('experiments.columns.created')}
          </Th>
          <Th>
            <span className="visually-hidden">{t('experiments.columns.actions')}</span>
          </Th>
        </tr>
      </thead>
      <tbody>
        {/* By place: another page writes into the rows that are there. */}
        {jobs.map((job, place) => (
          <Row
            key={place}
            job={job}
            isSelected={selected.includes(job.id)}
            mayWork={mayWork}
            actions={actions}
            onSelect={onSelect}
          />
        ))}
      </tbody>
    </Table>
  )
}

type RowProps = Pick<Props, 'mayWork' | 'actions' | 'onSelect'> & {
  job: Job
  isSelected: boolean
}

/** Rows change by themselves while one of them trains: the others need not be drawn again. */
const Row = memo(
  function Row({ job, isSelected, mayWork, actions, onSelect }: RowProps) {
    const t = useT()
    const name = jobName(job)
    const tags = jobTags(job)
    return (
      <Tr selected={isSelected}>
        <Td className={styles.check}>
          <Checkbox
            label={t('experiments.select', { name })}
            checked={isSelected}
            onChange={(checked) => onSelect([job.id], checked)}
          />
        </Td>
        <Td className={styles.name}>
          <Link to={`/training/${job.id}`} className={styles.link}>
            {job.experiment_name || job.model_name}
          </Link>
          <span className={styles.sub}>
            <span className={styles.number}>#{job.id}</span>
            {job.experiment_name && <span className={styles.narrow}>{job.model_name}</span>}
            {tags.slice(0, TAGS_SHOWN).map((tag) => (
              <Chip key={tag}>{tag}</Chip>
            ))}
            {tags.length > TAGS_SHOWN && <span>+{tags.length - TAGS_SHOWN}</span>}
            <span className={styles.narrow}>
              <RelativeTime time={job.created_at} />
            </span>
          </span>
        </Td>
        <Td className={styles.wide}>{job.model_name}</Td>
        <Td className={styles.wide}>
          {tMaybe(`experiments.tasks_short.${job.task_type}`) ?? job.task_type}
        </Td>
        <Td className={styles.status}>
          <Status job={job} name={name} />
        </Td>
        <Td numeric className={styles.wide}>
          {formatPercent(job.accuracy)}
        </Td>
        <Td className={styles.wide}>
          <RelativeTime time={job.created_at} />
        </Td>
        <Td className={styles.actions}>
          {mayWork && (
            <span className={styles.buttons}>
              {job.status === 'pending' && !isQueued(job) && (
                <Button
                  size="sm"
                  icon="play"
                  aria-label={`${t('experiments.start')}: ${name}`}
                  busy={actions.isBusy('start', job)}
                  onClick={() => actions.run('start', job)}
                >
                  <span className={styles.startText}>{t('experiments.start')}</span>
                </Button>
              )}
              <JobMenu key={job.id} job={job} actions={actions} />
            </span>
          )}
        </Td>
      </Tr>
    )
  },
  (before, after) =>
    before.job === after.job &&
    before.isSelected === after.isSelected &&
    before.mayWork === after.mayWork &&
    before.actions.isBusy('start', before.job) === after.actions.isBusy('start', after.job),
)

function Status({ job, name }: { job: Job; name: string }) {
  const t = useT()
  const progress = jobProgress(job)
  return (
    <span className={styles.state}>
      <span className={styles.badge}>
        <StatusBadge status={job.status} />
        {job.status === 'running' && (
          <span className={styles.epoch}>
            {t('experiments.epoch', { epoch: job.current_epoch, epochs: job.total_epochs })}
          </span>
        )}
        {isQueued(job) && (
          <Link to="/queue" className={styles.epoch}>
            {job.queue_position == null
              ? t('experiments.queued')
              : t('experiments.queue_position', { position: job.queue_position })}
          </Link>
        )}
        {job.accuracy !== null && (
          <span className={cx(styles.epoch, styles.narrow)}>
            {t('experiments.columns.accuracy')} {formatPercent(job.accuracy)}
          </span>
        )}
      </span>
      {job.status === 'running' && (
        <ProgressBar
          value={progress}
          size="sm"
          showPercent
          label={t('experiments.progress_of', { name })}
        />
      )}
      {job.status === 'failed' && job.error_message && (
        <span className={styles.error} title={job.error_message}>
          {job.error_message}
        </span>
      )}
    </span>
  )
}
