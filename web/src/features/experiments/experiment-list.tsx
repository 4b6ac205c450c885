import { useQuery } from '@tanstack/react-query'
import { useDeferredValue, useEffect, useRef, type ReactNode } from 'react'
import { useSearchParams } from 'react-router-dom'
import { jobStatuses, type JobStatus } from '@/api/jobs'
import { useT } from '@/i18n/i18n'
import { Button } from '@/ui/button'
import { Card } from '@/ui/card'
import type { useJobActions } from '@/ui/job-actions'
import { SearchInput } from '@/ui/search-input'
import { Select } from '@/ui/select'
import { EmptyState, ErrorState, LoadingRows } from '@/ui/states'
import { Pager } from '@/ui/table'
import { usePageWithin } from '@/ui/use-page-within'
import { experimentsQuery, PAGE_SIZE } from './api'
import { ExperimentTable } from './experiment-table'
import {
  isFiltered,
  nextSort,
  readList,
  readSelected,
  writeList,
  writeSelected,
  type ListState,
} from './list-state'
import styles from './project-page.module.css'

const TYPING_MS = 300
const COMPARED_MOST = 20 // what the server compares at once

type Props = {
  projectId: number
  mayWork: boolean
  actions: ReturnType<typeof useJobActions>
  /** what to press when there is nothing yet */
  create: ReactNode
  onCompare: (ids: readonly number[]) => void
}

export function ExperimentList({ projectId, mayWork, actions, create, onCompare }: Props) {
  const t = useT()
  const [search, setSearch] = useSearchParams()
  const list = readList(search)
  const selected = readSelected(search)
  const jobs = useQuery(experimentsQuery(projectId, list))
  const rows = useDeferredValue(jobs.data?.rows) // fifty rows are drawn between the frames

  // Rows and timers hold on to old functions, and the router's "now" is that of their render.
  const latest = useRef(search)
  useEffect(() => {
    latest.current = search
  }, [search])
  const put = (make: (now: URLSearchParams) => URLSearchParams) => {
    latest.current = make(latest.current)
    setSearch(latest.current, { replace: true })
  }
  const change = (next: Partial<ListState>) => put((now) => writeList(now, next))
  const select = (ids: readonly number[], chosen: boolean) =>
    put((now) => {
      const rest = readSelected(now).filter((id) => !ids.includes(id))
      return writeSelected(now, chosen ? [...rest, ...ids] : rest)
    })

  const total = jobs.data?.total ?? 0
  usePageWithin(jobs, PAGE_SIZE, (page) => change({ page }))

  if (jobs.data && total === 0 && !isFiltered(list) && !jobs.isPlaceholderData)
    return (
      <EmptyState icon="chart" title={t('experiments.empty')} action={create}>
        {t(mayWork ? 'experiments.empty_text' : 'experiments.empty_viewer')}
      </EmptyState>
    )
  return (
    <Card flush aria-label={t('experiments.title')}>
      <div className={styles.bar}>
        <div className={styles.search}>
          <SearchInput
            label={t('experiments.search')}
            value={list.q}
            restMs={TYPING_MS}
            onChange={(q) => change({ q })}
          />
        </div>
        <Select
          fit
          label={t('experiments.status_filter')}
          value={list.status ?? 'all'}
          onChange={(value) => change({ status: value === 'all' ? null : (value as JobStatus) })}
          options={[
            { value: 'all', label: t('experiments.status_all') },
            ...jobStatuses.map((status) => ({
              value: status,
              label: t(`common.job_status.${status}`),
            })),
          ]}
        />
        <Selection
          count={selected.length}
          onClear={() => select(selected, false)}
          onCompare={() => onCompare(selected)}
        />
      </div>
      {jobs.data === undefined ? (
        <div className={styles.empty}>
          {jobs.error ? (
            <ErrorState error={jobs.error} onRetry={() => void jobs.refetch()} />
          ) : (
            <LoadingRows rows={8} />
          )}
        </div>
      ) : total === 0 ? (
        <EmptyState
          icon="search"
          title={t('experiments.none_found')}
          action={
            <Button onClick={() => change({ q: '', status: null })}>
              {t('experiments.clear_filters')}
            </Button>
          }
        />
      ) : (
        <>
          <ExperimentTable
            jobs={rows ?? jobs.data.rows}
            list={list}
            selected={selected}
            isStale={jobs.isPlaceholderData || rows !== jobs.data.rows}
            mayWork={mayWork}
            actions={actions}
            onSort={(sort) => change(nextSort(list, sort))}
            onSelect={select}
          />
          <div className={styles.foot}>
            <Pager
              page={list.page}
              pageSize={PAGE_SIZE}
              total={total}
              onPage={(page) => change({ page })}
            />
          </div>
        </>
      )}
    </Card>
  )
}

type SelectionProps = { count: number; onClear: () => void; onCompare: () => void }

function Selection({ count, onClear, onCompare }: SelectionProps) {
  const t = useT()
  if (!count) return null
  const hint =
    count < 2
      ? t('experiments.compare_hint')
      : count > COMPARED_MOST
        ? t('experiments.compare_most', { most: COMPARED_MOST })
        : null
  return (
    <div className={styles.selection} role="status">
      <span>{hint ?? t('experiments.selected', { count })}</span>
      <Button size="sm" variant="ghost" icon="close" onClick={onClear}>
        {t('experiments.clear_selection')}
      </Button>
      <Button
        size="sm"
        variant="primary"
        icon="compare"
        disabled={Boolean(hint)}
        onClick={onCompare}
      >
        {t('experiments.compare')} ({count})
      </Button>
    </div>
  )
}
