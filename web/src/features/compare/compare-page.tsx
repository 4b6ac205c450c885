import { useQueries, useQuery, useQueryClient } from '@tanstack/react-query'
import { useMemo, useRef, useState } from 'react'
import { Link, useParams } from 'react-router-dom'
import { configSchemaQuery, metricSchemaQuery } from '@/api/job-results'
import { jobName } from '@/api/jobs'
import { keys } from '@/api/keys'
import { projectQuery, type Job } from '@/api/queries'
import { useChannel } from '@/api/stream'
import { CurveLooks, MetricToggle, plainLooks } from '@/charts/curve-looks'
import { LineChart } from '@/charts/line-chart'
import { sortMetrics, kindOf } from '@/charts/metric-groups'
import { metricAxisFormat, metricFormat, metricLabel } from '@/charts/metric-names'
import { palette } from '@/charts/series'
import { useT } from '@/i18n/i18n'
import { Button, IconButton } from '@/ui/button'
import { Card } from '@/ui/card'
import { Page, Stack } from '@/ui/page'
import { EmptyState, ErrorState, LoadingRows } from '@/ui/states'
import { StatusBadge } from '@/ui/status-badge'
import { useSearchPatch } from '@/ui/use-search-patch'
import { compareQuery, RUNS_MOST } from './api'
import { BestTable } from './best-table'
import { idsOf, settingRows, type Series } from './comparison'
import { RunMark } from './run-mark'
import { RunsParallel } from './runs-parallel'
import { RunPicker } from './run-picker'
import { SettingsTable } from './settings-table'
import styles from './compare.module.css'

const DEFAULT_METRICS = ['accuracy', 'loss']
const REFRESH_MS = 3000

export default function ComparePage() {
  const t = useT()
  const projectId = Number(useParams().projectId)
  const project = useQuery(projectQuery(projectId))
  const [search, patch] = useSearchPatch()
  const [isPicking, setPicking] = useState(false)
  const ids = idsOf(search.get('jobs'), RUNS_MOST)
  const set = (name: string, values: readonly (string | number)[]) =>
    patch({ [name]: values.length || name === 'metrics' ? values.join(',') : null })
  const pick = (
    <Button
      variant={ids.length ? 'secondary' : 'primary'}
      icon="plus"
      onClick={() => setPicking(true)}
    >
      {t('compare.add')}
    </Button>
  )
  return (
    <Page
      wide
      title={t('compare.title')}
      crumbs={[
        { label: t('shell.projects'), to: '/' },
        { label: project.data?.name ?? t('shell.experiments'), to: `/projects/${projectId}` },
      ]}
      actions={pick}
    >
      {ids.length ? (
        <Comparison
          ids={ids}
          metrics={search.get('metrics')?.split(',').filter(Boolean)}
          onMetrics={(names) => set('metrics', names)}
          onRemove={(id) =>
            set(
              'jobs',
              ids.filter((other) => other !== id),
            )
          }
        />
      ) : (
        <EmptyState icon="compare" title={t('compare.empty')} action={pick}>
          {t('compare.empty_text')}
        </EmptyState>
      )}
      {isPicking && (
        <RunPicker
          projectId={projectId}
          chosen={ids}
          onChange={(next) => set('jobs', next)}
          onClose={() => setPicking(false)}
        />
      )}
    </Page>
  )
}

/** Asks for the curves again, at most every few seconds, while a run goes on. */
function Follow({ id }: { id: number }) {
  const client = useQueryClient()
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined)
  useChannel(`experiment:${id}`, (frame) => {
    if (frame.replay || frame.type !== 'training_progress') return
    timer.current ??= setTimeout(() => {
      timer.current = undefined
      void client.invalidateQueries({
        predicate: ({ queryKey }) =>
          queryKey[0] === keys.jobLists[0] &&
          typeof queryKey[2] === 'object' &&
          'compare' in (queryKey[2] ?? {}),
      })
    }, REFRESH_MS)
  })
  return null
}

type Props = {
  ids: readonly number[]
  metrics?: readonly string[]
  onMetrics: (names: string[]) => void
  onRemove: (id: number) => void
}

function Comparison({ ids, metrics, onMetrics, onRemove }: Props) {
  const schemas = useQueries({ queries: ids.map((id) => metricSchemaQuery(id)) })
  const available = sortMetrics([
    ...new Set(
      schemas.flatMap(({ data }) =>
        (data?.available_metrics ?? []).filter(
          (name) => (data?.axes as Record<string, unknown> | undefined)?.[name] !== 'step',
        ),
      ),
    ),
  ])
  const primary = schemas.find((s) => s.data)?.data?.primary_metric
  const defaults = primary && primary !== 'accuracy' ? [primary, 'loss'] : DEFAULT_METRICS
  const names = metrics ?? defaults
  const query = useQuery(compareQuery(ids, names))
  const jobs = (query.data?.jobs ?? []).filter((job) => ids.includes(job.id))
  const curves = query.data?.series ?? []
  const seriesOf = (job: Job, name: string) =>
    curves.find((c) => c.job_id === job.id)?.series.find((s) => s.name === name)
  const kinds = [...new Set(jobs.map((job) => `${job.framework} ${job.task_type}`))]
  const configs = useQueries({
    queries: kinds.map((kind) => configSchemaQuery(...(kind.split(' ') as [string, string]))),
  })
  const configOf = (job: Job) => configs[kinds.indexOf(`${job.framework} ${job.task_type}`)]?.data
  const rows = useMemo(
    () => settingRows(jobs, configOf),
    [query.data, configs.map((c) => c.dataUpdatedAt).join()], // eslint-disable-line react-hooks/exhaustive-deps
  )
  if (query.error && !query.data)
    return <ErrorState error={query.error} onRetry={() => void query.refetch()} />
  if (!query.data) return <LoadingRows rows={6} />
  return (
    <Stack>
      <RunList jobs={jobs} onRemove={onRemove} />
      <Curves
        jobs={jobs}
        available={available}
        names={names}
        onNames={onMetrics}
        seriesOf={seriesOf}
      />
      <BestTable jobs={jobs} names={names} seriesOf={seriesOf} />
      {jobs.length > 1 && (
        <RunsParallel jobs={jobs} names={names} rows={rows} seriesOf={seriesOf} />
      )}
      <SettingsTable jobs={jobs} rows={rows} />
      {jobs
        .filter((job) => job.status === 'running')
        .map((job) => (
          <Follow key={job.id} id={job.id} />
        ))}
    </Stack>
  )
}

function RunList({ jobs, onRemove }: { jobs: readonly Job[]; onRemove: (id: number) => void }) {
  const t = useT()
  return (
    <ul className={styles.runs} aria-label={t('compare.runs')}>
      {jobs.map((job, index) => (
        <li key={job.id} className={styles.run}>
          <RunMark index={index} />
          <Link to={`/training/${job.id}`}>{jobName(job)}</Link>
          <StatusBadge status={job.status} />
          <IconButton
            icon="close"
            size="sm"
            label={t('compare.remove', { name: jobName(job) })}
            onClick={() => onRemove(job.id)}
          />
        </li>
      ))}
    </ul>
  )
}

type CurvesProps = {
  jobs: readonly Job[]
  available: readonly string[]
  names: readonly string[]
  onNames: (names: string[]) => void
  seriesOf: (job: Job, name: string) => Series | undefined
}

function Curves({ jobs, available, names, onNames, seriesOf }: CurvesProps) {
  const t = useT()
  const [looks, setLooks] = useState(plainLooks)
  return (
    <Card title={t('compare.curves')}>
      <Stack gap={3}>
        <div className={styles.metrics} role="group" aria-label={t('compare.metrics')}>
          {available.map((name) => (
            <MetricToggle
              key={name}
              name={name}
              on={names.includes(name)}
              onToggle={() =>
                onNames(names.includes(name) ? names.filter((n) => n !== name) : [...names, name])
              }
            />
          ))}
        </div>
        <CurveLooks looks={looks} onChange={setLooks} />
        <div className={styles.charts}>
          {names.map((name) => (
            <LineChart
              key={name}
              label={t('compare.curves_of', { metric: metricLabel(name) })}
              leftLabel={metricLabel(name)}
              xLabel="Epoch"
              height={260}
              smoothing={looks.smoothing}
              logLeft={looks.log && kindOf(name) !== 'share'}
              syncKey="compare"
              series={jobs.map((job, index) => {
                const found = seriesOf(job, name)
                return {
                  id: String(job.id),
                  label: jobName(job),
                  x: found?.x ?? [],
                  y: found?.last ?? [],
                  color: palette[index % palette.length],
                  format: metricFormat(name),
                  axisFormat: metricAxisFormat(name),
                }
              })}
            />
          ))}
        </div>
      </Stack>
    </Card>
  )
}
