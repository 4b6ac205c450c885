import { useState } from 'react'
import { Link } from 'react-router-dom'
import { jobName } from '@/api/jobs'
import type { Job } from '@/api/queries'
import { metricLabel, metricText } from '@/charts/metric-names'
import { formatDuration } from '@/i18n/format'
import { useT } from '@/i18n/i18n'
import { Card } from '@/ui/card'
import { Table, Td, Th, Tr } from '@/ui/table'
import { RunMark } from './run-mark'
import { bestOf, winners, type Series } from './comparison'
import styles from './compare.module.css'

type Props = {
  jobs: readonly Job[]
  names: readonly string[]
  seriesOf: (job: Job, name: string) => Series | undefined
}

const secondsOf = (job: Job) =>
  job.started_at && job.completed_at
    ? (Date.parse(job.completed_at) - Date.parse(job.started_at)) / 1000
    : null

/** What each run reached at best, and when; the best of all has a star. */
export function BestTable({ jobs, names, seriesOf }: Props) {
  const t = useT()
  const [sort, setSort] = useState<{ by: string; order: 'asc' | 'desc' } | null>(null)
  const columns = names.map((name) => {
    const values = jobs.map((job) => bestOf(seriesOf(job, name)))
    return { name, values, won: winners(name, values) }
  })
  const order = jobs.map((_, i) => i)
  const column = columns.find((c) => c.name === sort?.by)
  if (sort && column)
    order.sort((a, b) => {
      const [x, y] = [column.values[a]?.value, column.values[b]?.value]
      if (x === undefined || y === undefined) return x === y ? 0 : x === undefined ? 1 : -1
      return sort.order === 'asc' ? x - y : y - x
    })
  return (
    <Card flush title={t('compare.best')}>
      <Table caption={t('compare.best')}>
        <thead>
          <tr>
            <Th>{t('compare.run')}</Th>
            {names.map((name) => (
              <Th
                key={name}
                numeric
                sorted={sort?.by === name && sort.order}
                onSort={() =>
                  setSort({
                    by: name,
                    order: sort?.by === name && sort.order === 'desc' ? 'asc' : 'desc',
                  })
                }
              >
                {metricLabel(name)}
              </Th>
            ))}
            <Th numeric>{t('compare.epochs')}</Th>
            <Th numeric>{t('compare.duration')}</Th>
          </tr>
        </thead>
        <tbody>
          {order.map((i) => {
            const job = jobs[i]!
            return (
              <Tr key={job.id}>
                <Td>
                  <span className={styles.name}>
                    <RunMark index={i} />
                    <Link to={`/training/${job.id}`}>{jobName(job)}</Link>
                  </span>
                </Td>
                {columns.map(({ name, values, won }) => {
                  const best = values[i]
                  return (
                    <Td key={name} numeric>
                      {best ? (
                        <>
                          {won.has(i) ? (
                            <strong>
                              <span aria-label={t('compare.winner')} role="img">
                                ★
                              </span>{' '}
                              {metricText(name, best.value)}
                            </strong>
                          ) : (
                            metricText(name, best.value)
                          )}{' '}
                          <span className={styles.at}>{t('compare.at', { epoch: best.at })}</span>
                        </>
                      ) : (
                        '-'
                      )}
                    </Td>
                  )
                })}
                <Td numeric>
                  {job.current_epoch} / {job.total_epochs}
                </Td>
                <Td numeric>{formatDuration(secondsOf(job))}</Td>
              </Tr>
            )
          })}
        </tbody>
      </Table>
    </Card>
  )
}
