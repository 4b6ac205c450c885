/* line-chart.tsx - lines on a canvas (uPlot), with all a canvas lacks: a table behind a button and
 * for screen readers, values by arrow keys, differences that are not colours.
 *
 *   <LineChart label="..." series={[{ id, label, x, y, axis }]} />
 * Drag zooms, double click or Escape shows all again; onZoom lets the page ask for more detail. */
import { useId, useState, type KeyboardEvent } from 'react'
import { formatMetric } from '@/i18n/format'
import { useT } from '@/i18n/i18n'
import { IconButton } from '@/ui/button'
import { ChartTable } from './chart-table'
import styles from './line-chart.module.css'
import { colorOf, columnsOf, PLOT_HEIGHT } from './line-options'
import { dashes, type ChartSeries } from './series'
import { usePlot, type PlotProps } from './use-plot'

type Props = PlotProps & {
  label: string
  /** what stands where there is nothing to draw */
  empty?: string
}

export function LineChart({ label, empty, ...props }: Props) {
  const { series, xLabel, formatX = String, height = PLOT_HEIGHT, smoothing = 0 } = props
  const t = useT()
  const id = useId()
  const [spoken, setSpoken] = useState('')
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set())
  const [showTable, setShowTable] = useState(false)
  const { box, plot, cursor, showAll } = usePlot(props, hidden)

  const values = (index: number | null) => {
    const u = plot.current
    const columns = columnsOf(series, smoothing)
    return series.map((s, i) => {
      const place = columns.findIndex((c) => c.index === i && c.role === 'raw') + 1
      const value = index === null ? null : u?.data[place]?.[index]
      return { s, text: typeof value === 'number' ? (s.format ?? formatMetric)(value) : '-' }
    })
  }

  const speak = (index: number) => {
    const x = plot.current?.data[0][index]
    if (x === undefined) return
    setSpoken(
      `${xLabel ?? 'x'} ${formatX(x)}: ` +
        values(index)
          .filter(({ s }) => !hidden.has(s.id))
          .map(({ s, text }) => `${s.label} ${text}`)
          .join(', '),
    )
  }

  const onKey = (event: KeyboardEvent) => {
    const u = plot.current
    if (!u || !u.data[0].length) return
    const last = u.data[0].length - 1
    const at = cursor ?? (event.key === 'ArrowLeft' ? last + 1 : -1)
    const step = event.shiftKey ? 10 : 1
    const next = { ArrowLeft: at - step, ArrowRight: at + step, Home: 0, End: last }[event.key]
    if (event.key === 'Escape') return showAll()
    if (next === undefined) return
    event.preventDefault()
    const index = Math.min(last, Math.max(0, next))
    u.setCursor({
      left: u.valToPos(u.data[0][index]!, 'x'),
      top: u.bbox.height / devicePixelRatio / 2,
    })
    speak(index)
  }

  const legend = values(cursor)
  const isEmpty = !legend.some(({ s }) => s.x.length)
  return (
    <figure className={styles.figure} aria-label={label} aria-details={`${id}-table`}>
      <div className={styles.top}>
        <Legend
          entries={legend.map(({ s, text }) => [s, isEmpty || cursor === null ? null : text])}
          hidden={hidden}
          onHidden={setHidden}
        />
        {cursor !== null && plot.current?.data[0][cursor] !== undefined && (
          <span className={styles.x}>
            {xLabel} {formatX(plot.current.data[0][cursor]!)}
          </span>
        )}
        <IconButton icon="zoomOut" size="sm" label={t('charts.show_all')} onClick={showAll} />
        <IconButton
          icon={showTable ? 'chart' : 'table'}
          size="sm"
          label={t(showTable ? 'charts.hide_table' : 'charts.show_table')}
          onClick={() => setShowTable(!showTable)}
        />
      </div>
      <div className={styles.plot} style={{ height }}>
        {/* Arrow keys move along the line: an application of its own for screen readers. */}
        <div
          ref={box}
          className={styles.canvas}
          tabIndex={0}
          role="application"
          aria-label={t('charts.keys', { label })}
          onKeyDown={onKey}
          onDoubleClick={showAll}
        />
        {isEmpty && <p className={styles.empty}>{empty ?? t('charts.empty')}</p>}
      </div>
      <p className="visually-hidden" aria-live="polite">
        {spoken}
      </p>
      <div id={`${id}-table`} className={showTable ? undefined : 'visually-hidden'}>
        <ChartTable label={label} series={series} xLabel={xLabel ?? 'x'} formatX={formatX} />
      </div>
    </figure>
  )
}

type LegendProps = {
  /** with its value at the cursor */
  entries: readonly (readonly [ChartSeries, string | null])[]
  hidden: ReadonlySet<string>
  onHidden: (hidden: ReadonlySet<string>) => void
}

/** A button for each line, that hides and shows it. */
function Legend({ entries, hidden, onHidden }: LegendProps) {
  return (
    <ul className={styles.legend}>
      {entries.map(([s, text], i) => (
        <li key={s.id}>
          <button
            type="button"
            className={styles.entry}
            aria-pressed={!hidden.has(s.id)}
            onClick={() => {
              const next = new Set(hidden)
              if (!next.delete(s.id)) next.add(s.id)
              onHidden(next)
            }}
          >
            <svg width="18" height="8" aria-hidden="true">
              <path
                d="M0 4h18"
                stroke={colorOf(s, i)}
                strokeWidth="2.5"
                strokeDasharray={dashes[i % dashes.length]!.join(' ')}
              />
            </svg>
            {s.label}
            {text !== null && <span className="tabular">{text}</span>}
          </button>
        </li>
      ))}
    </ul>
  )
}
