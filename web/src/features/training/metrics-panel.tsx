import { useQuery } from '@tanstack/react-query'
import { useMemo, useState } from 'react'
import { metricSchemaQuery } from '@/api/job-results'
import type { Job } from '@/api/queries'
import { useLinkState } from '@/api/stream'
import { CurveLooks, MetricToggle, plainLooks, type Looks } from '@/charts/curve-looks'
import { LineChart } from '@/charts/line-chart'
import { chartsOf, defaultMetrics, sortMetrics, type Chart } from '@/charts/metric-groups'
import { metricAxisFormat, metricFormat, metricLabel } from '@/charts/metric-names'
import type { ChartSeries } from '@/charts/series'
import { formatNumber, formatPercent } from '@/i18n/format'
import { useT } from '@/i18n/i18n'
import { Button } from '@/ui/button'
import { Card } from '@/ui/card'
import { ErrorState } from '@/ui/states'
import { useSearchPatch } from '@/ui/use-search-patch'
import { seriesQuery, type Series, type Stretch } from './api'
import styles from './metrics-panel.module.css'

const SHOWN_MOST = 12

const seedColors: Record<string, string> = {
  loss: 'var(--chart-loss)',
  accuracy: 'var(--chart-accuracy)',
}

/** For the others: none that looks like the two above. */
const otherColors = [1, 3, 5, 6, 4, 8].map((n) => `var(--chart-${n})`)

function toChartSeries(
  series: Series,
  place: number,
  right: boolean,
  primary: string | null,
): ChartSeries {
  const isJoined = series.resolution > 1
  const seed = seedColors[series.name === primary ? 'accuracy' : series.name]
  const color = seed ?? otherColors[place % otherColors.length]
  return {
    id: series.name,
    label: metricLabel(series.name),
    x: series.x,
    y: series.last,
    ...(isJoined && { low: series.min, high: series.max }),
    axis: right ? 'right' : 'left',
    format: metricFormat(series.name),
    axisFormat: metricAxisFormat(series.name),
    color,
  }
}

/** The curves of a job: loss and accuracy as the contract draws them, and any other metric. */
export function MetricsPanel({ job }: { job: Job }) {
  const t = useT()
  const [search, patch] = useSearchPatch()
  const [isChoosing, setChoosing] = useState(false)
  const [looks, setLooks] = useState(plainLooks)
  const schema = useQuery(metricSchemaQuery(job.id))
  const available = schema.data?.available_metrics ?? []
  const wanted = search.get('metrics')?.split(',').filter(Boolean)
  const chosen = wanted ?? defaultMetrics(available, job.primary_metric ?? null)
  const axes = (schema.data?.axes ?? {}) as Record<string, unknown>
  const charts = chartsOf(
    chosen.filter((name) => available.includes(name)),
    axes,
  )

  const toggle = (name: string) => {
    const next = chosen.includes(name) ? chosen.filter((n) => n !== name) : [...chosen, name]
    patch({ metrics: next.slice(-SHOWN_MOST).join(',') })
  }
  return (
    <Card
      title={t('training.metrics')}
      actions={
        <Button
          size="sm"
          icon="filter"
          aria-expanded={isChoosing}
          onClick={() => setChoosing(!isChoosing)}
        >
          {t('training.choose_metrics')}
        </Button>
      }
    >
      <div className={styles.panel}>
        <LiveValues job={job} />
        {isChoosing && (
          <MetricChooser available={available} chosen={chosen} axes={axes} onToggle={toggle} />
        )}
        <CurveLooks looks={looks} onChange={setLooks} />
        {schema.error ? <ErrorState error={schema.error} onRetry={() => schema.refetch()} /> : null}
        {charts.length ? (
          charts.map((chart) => (
            <MetricChart
              key={chart.id}
              job={job}
              chart={chart}
              {...looks}
              isFirst={chart === charts[0]}
            />
          ))
        ) : (
          <LineChart
            label={t('training.metrics')}
            series={[]}
            empty={t(wanted?.length === 0 ? 'training.nothing_chosen' : 'training.no_metrics_yet')}
          />
        )}
      </div>
    </Card>
  )
}

/** "🟢 Connected", and the last values as the contract writes them. */
function LiveValues({ job }: { job: Job }) {
  const t = useT()
  const isConnected = useLinkState() === 'connected'
  const judged = job.primary_metric && job.primary_metric !== 'accuracy' ? job.primary_metric : null
  return (
    <div className={styles.live}>
      <span role="status" className={styles.light}>
        {isConnected ? `🟢 ${t('training.connected')}` : `🔴 ${t('training.disconnected')}`}
      </span>
      <dl className={styles.values}>
        <div>
          <dt>Epoch</dt>
          <dd>
            {job.current_epoch} / {job.total_epochs}
          </dd>
        </div>
        <div>
          <dt>Loss</dt>
          <dd>{typeof job.loss === 'number' ? job.loss.toFixed(4) : '-'}</dd>
        </div>
        <div>
          <dt>{judged ?? 'Accuracy'}</dt>
          <dd>{formatPercent(job.accuracy, 2)}</dd>
        </div>
      </dl>
    </div>
  )
}

type ChooserProps = {
  available: readonly string[]
  chosen: readonly string[]
  axes: Record<string, unknown>
  onToggle: (name: string) => void
}

function MetricChooser({ available, chosen, axes, onToggle }: ChooserProps) {
  const t = useT()
  const groups = (['epoch', 'step'] as const).map((axis) => ({
    axis,
    names: sortMetrics(available.filter((n) => (axes[n] === 'step') === (axis === 'step'))),
  }))
  return (
    <div className={styles.chooser}>
      {groups.map(({ axis, names }) =>
        names.length ? (
          <fieldset key={axis} className={styles.group}>
            <legend>{t(axis === 'epoch' ? 'training.by_epoch' : 'training.by_step')}</legend>
            {names.map((name) => (
              <MetricToggle
                key={name}
                name={name}
                on={chosen.includes(name)}
                onToggle={() => onToggle(name)}
              />
            ))}
          </fieldset>
        ) : null,
      )}
    </div>
  )
}

type ChartProps = Looks & { job: Job; chart: Chart; isFirst: boolean }

function MetricChart({ job, chart, log, smoothing, isFirst }: ChartProps) {
  const t = useT()
  const [stretch, setStretch] = useState<Stretch>({})
  const leftKey = chart.left.join(',')
  const rightKey = chart.right.join(',')
  const names = useMemo(
    () => [leftKey, rightKey].flatMap((key) => (key ? key.split(',') : [])),
    [leftKey, rightKey],
  )
  const query = useQuery(seriesQuery(job.id, names, stretch))
  const primary = job.primary_metric ?? null
  const series = useMemo(
    () =>
      names.flatMap((name, place) => {
        const found = query.data?.find((s) => s.name === name)
        return found
          ? [toChartSeries(found, place, rightKey.split(',').includes(name), primary)]
          : []
      }),
    [names, query.data, primary, rightKey],
  )
  const words = names.map(metricLabel).join(', ')
  const left = chart.left.map(metricLabel).join(', ')
  return (
    <LineChart
      label={t('training.chart_of', { metrics: words })}
      series={series}
      xLabel={chart.axis === 'epoch' ? 'Epoch' : t('training.step')}
      leftLabel={left || undefined}
      rightLabel={chart.right.length ? chart.right.map(metricLabel).join(', ') : undefined}
      rightRange={chart.right.length ? [0, 1] : undefined}
      formatX={formatX}
      logLeft={log && chart.left.length > 0}
      smoothing={smoothing}
      height={isFirst ? 320 : 200}
      syncKey={`${job.id}:${chart.axis}`}
      empty={query.isPending ? t('common.loading') : t('training.no_metrics_yet')}
      onZoom={(range) =>
        setStretch(
          range ? { from: Math.max(0, Math.floor(range.min)), to: Math.ceil(range.max) } : {},
        )
      }
    />
  )
}

const formatX = (x: number) => formatNumber(x, Number.isInteger(x) ? 0 : 1)
