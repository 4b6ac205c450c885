/* line-chart.tsx - lines on a canvas (uPlot), with all a canvas lacks: a table behind a button and
 * for screen readers, values by arrow keys, differences that are not colours.
 *
 *   <LineChart label="..." series={[{ id, label, x, y, axis }]} />          what React knows
 *   <LineChart label="..." source={source} />                               what changes many times
 * Drag zooms, double click or Escape shows all again; onZoom lets the page ask for more detail. */
import { useEffect, useId, useMemo, useRef, useState, type KeyboardEvent } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { formatMetric, formatNumber } from '@/i18n/format'
import { useT } from '@/i18n/i18n'
import { IconButton } from '@/ui/button'
import { useIsDark } from '@/ui/use-theme'
import { ChartTable } from './chart-table'
import styles from './line-chart.module.css'
import {
  align,
  dashes,
  palette,
  resolveColor,
  smooth,
  type ChartSeries,
  type ChartSource,
} from './series'

type Props = {
  label: string
  series?: readonly ChartSeries[]
  source?: ChartSource
  xLabel?: string
  leftLabel?: string
  rightLabel?: string
  formatX?: (x: number) => string
  height?: number
  logLeft?: boolean
  /** 0..0.99: a smooth line over the raw one, which stays visible */
  smoothing?: number
  /** range of the right axis, [0, 1] for shares */
  rightRange?: [number, number]
  /** charts of the same key move their cursors together */
  syncKey?: string
  /** null: everything is shown again */
  onZoom?: (range: { min: number; max: number } | null) => void
  /** what stands where there is nothing to draw */
  empty?: string
}

type Column = { series: ChartSeries; index: number; role: 'low' | 'high' | 'raw' | 'smooth' }

/** Which columns of the aligned data are drawn, and as what. */
function columnsOf(series: readonly ChartSeries[], smoothing: number): Column[] {
  return series.flatMap((s, index) => {
    const of = (role: Column['role']): Column => ({ series: s, index, role })
    return [
      ...(s.low && s.high ? [of('low'), of('high')] : []),
      of('raw'),
      ...(smoothing > 0 ? [of('smooth')] : []),
    ]
  })
}

function dataOf(series: readonly ChartSeries[], smoothing: number): uPlot.AlignedData {
  return align(
    series.map((s) => ({
      x: s.x,
      columns: [
        ...(s.low && s.high ? [s.low, s.high] : []),
        s.y,
        ...(smoothing > 0 ? [smooth(s.y, smoothing)] : []),
      ],
    })),
  ) as uPlot.AlignedData
}

const colorOf = (s: ChartSeries, index: number) => s.color ?? palette[index % palette.length]!

export function LineChart(props: Props) {
  const {
    label,
    series,
    source,
    xLabel,
    formatX = String,
    height = 280,
    smoothing = 0,
    onZoom,
    empty,
  } = props
  const t = useT()
  const id = useId()
  const dark = useIsDark()
  const box = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | null>(null)
  const zoomed = useRef(false)
  const latest = useRef({ onZoom, formatX })
  const [version, setVersion] = useState(0)
  const [cursor, setCursor] = useState<number | null>(null)
  const [spoken, setSpoken] = useState('')
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set())
  const [showTable, setShowTable] = useState(false)
  useEffect(() => {
    latest.current = { onZoom, formatX }
  })

  const current = () => series ?? source?.read() ?? []
  // The plot is made anew when what it draws has another shape; new numbers only go into it.
  const shape = JSON.stringify([
    current().map((s) => [s.id, s.label, s.axis, s.color, s.hidden, Boolean(s.low)]),
    smoothing > 0,
    props.logLeft,
    props.leftLabel,
    props.rightLabel,
    xLabel,
    props.rightRange,
    props.syncKey,
    dark,
    [...hidden],
    height,
  ])

  useEffect(
    () =>
      source?.subscribe(() => {
        const all = source.read()
        plot.current?.setData(dataOf(all, smoothing), !zoomed.current)
        setVersion((count) => (all.length ? count + 1 : count))
      }),
    [source, smoothing, shape],
  )

  useEffect(() => {
    const element = box.current
    if (!element) return
    const all = current()
    zoomed.current = false
    const options = optionsOf({ ...props, hidden }, all, columnsOf(all, smoothing), element, height)
    options.hooks = {
      setCursor: [(u) => setCursor(u.cursor.idx ?? null)],
      setSelect: [
        (u) => {
          if (u.select.width < 4) return
          const [min, max] = [
            u.posToVal(u.select.left, 'x'),
            u.posToVal(u.select.left + u.select.width, 'x'),
          ]
          zoomed.current = true
          u.setScale('x', { min, max })
          u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
          latest.current.onZoom?.({ min, max })
        },
      ],
    }
    const made = (plot.current = new uPlot(options, dataOf(all, smoothing), element))
    const observer = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }))
    observer.observe(element)
    return () => {
      observer.disconnect()
      made.destroy()
      plot.current = null
    }
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [shape])

  useEffect(() => {
    if (series) plot.current?.setData(dataOf(series, smoothing), !zoomed.current)
  }, [series, smoothing])

  const showAll = () => {
    const u = plot.current
    if (!u) return
    zoomed.current = false
    u.setData(u.data, true)
    latest.current.onZoom?.(null)
  }

  const values = (index: number | null) => {
    const u = plot.current
    const columns = columnsOf(current(), smoothing)
    return current().map((s, i) => {
      const place = columns.findIndex((c) => c.index === i && c.role === 'raw') + 1
      const value = index === null ? null : u?.data[place]?.[index]
      return { s, i, text: typeof value === 'number' ? (s.format ?? formatMetric)(value) : '-' }
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
  const tableSeries = useMemo(() => current().map((s) => ({ ...s })), [series, version, shape]) // eslint-disable-line react-hooks/exhaustive-deps
  return (
    <figure className={styles.figure} aria-label={label} aria-details={`${id}-table`}>
      <div className={styles.top}>
        <ul className={styles.legend}>
          {legend.map(({ s, i, text }) => (
            <li key={s.id}>
              <button
                type="button"
                className={styles.entry}
                aria-pressed={!hidden.has(s.id)}
                onClick={() => {
                  const next = new Set(hidden)
                  if (!next.delete(s.id)) next.add(s.id)
                  setHidden(next)
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
                {!isEmpty && cursor !== null && <span className="tabular">{text}</span>}
              </button>
            </li>
          ))}
        </ul>
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
        <ChartTable label={label} series={tableSeries} xLabel={xLabel ?? 'x'} formatX={formatX} />
      </div>
    </figure>
  )
}

type Look = Pick<
  Props,
  'leftLabel' | 'rightLabel' | 'logLeft' | 'rightRange' | 'syncKey' | 'formatX' | 'xLabel'
> & { hidden: ReadonlySet<string> }

function lineOf(
  { series, index, role }: Column,
  smoothing: boolean,
  hidden: boolean,
  element: Element,
): uPlot.Series {
  const color = resolveColor(colorOf(series, index), element)
  const isQuiet = role === 'raw' && smoothing
  return {
    label: series.label,
    scale: series.axis === 'right' ? 'right' : 'left',
    show: !hidden && !series.hidden,
    stroke: role === 'low' || role === 'high' ? 'transparent' : color,
    width: isQuiet ? 1 : 2,
    alpha: isQuiet ? 0.4 : 1,
    dash: role === 'raw' || role === 'smooth' ? [...dashes[index % dashes.length]!] : undefined,
    points: role === 'raw' ? { size: 5 } : { show: false },
    spanGaps: false,
  }
}

/** No more digits than the place needs. */
const axisNumber = (value: number) =>
  value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential(0) : formatNumber(value)

function optionsOf(
  look: Look,
  series: readonly ChartSeries[],
  columns: Column[],
  element: HTMLElement,
  height: number,
): uPlot.Options {
  const color = (token: string) => resolveColor(`var(${token})`, element)
  const smoothing = columns.some((c) => c.role === 'smooth')
  const hasRight = series.some((s) => s.axis === 'right')
  const font = `12px ${getComputedStyle(element).fontFamily}`
  const axis = (label: string | undefined): uPlot.Axis => ({
    stroke: color('--chart-axis'),
    font,
    label,
    labelFont: font,
    labelSize: label ? 22 : 0,
    grid: { stroke: color('--chart-grid'), width: 1 },
    ticks: { show: false },
  })
  const format = (of: 'left' | 'right') => {
    const first = series.find((s) => (s.axis ?? 'left') === of)
    const own = first?.axisFormat ?? first?.format ?? axisNumber
    return (_u: uPlot, splits: number[]) => splits.map((v) => (v === null ? '' : own(v)))
  }
  return {
    width: element.clientWidth || 600,
    height,
    legend: { show: false },
    scales: {
      x: { time: false },
      left: { distr: look.logLeft ? 3 : 1 },
      right: look.rightRange ? { range: look.rightRange } : {},
    },
    axes: [
      {
        ...axis(look.xLabel),
        size: 30,
        values: (_u, splits) => splits.map((v) => (look.formatX ?? String)(v)),
        incrs: [
          1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 50000, 100000,
          1000000,
        ],
      },
      { ...axis(look.leftLabel), scale: 'left', values: format('left'), size: 62 },
      ...(hasRight
        ? [
            {
              ...axis(look.rightLabel),
              scale: 'right',
              side: 1 as const,
              values: format('right'),
              size: 62,
              grid: { show: false },
            },
          ]
        : []),
    ],
    series: [
      {},
      ...columns.map((c) => lineOf(c, smoothing, look.hidden.has(c.series.id), element)),
    ],
    bands: columns.flatMap((c, i) =>
      c.role === 'high' && !look.hidden.has(c.series.id)
        ? [
            {
              series: [i + 1, i] as [number, number],
              fill: `color-mix(in srgb, ${resolveColor(colorOf(c.series, c.index), element)} 16%, transparent)`,
            },
          ]
        : [],
    ),
    cursor: {
      drag: { x: true, y: false, setScale: false },
      points: { size: 7 },
      sync: look.syncKey ? { key: look.syncKey } : undefined,
    },
  }
}
