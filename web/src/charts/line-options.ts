/* line-options.ts - what uPlot is told of a line chart: which columns it draws, as what, where. */
import type uPlot from 'uplot'
import { axisNumber } from './metric-names'
import { align, dashes, palette, resolveColor, smooth, type ChartSeries } from './series'

export const PLOT_HEIGHT = 280

export type Look = {
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
}

type Column = { series: ChartSeries; index: number; role: 'low' | 'high' | 'raw' | 'smooth' }

/** Which columns of the aligned data are drawn, and as what. */
export function columnsOf(series: readonly ChartSeries[], smoothing: number): Column[] {
  return series.flatMap((s, index) => {
    const of = (role: Column['role']): Column => ({ series: s, index, role })
    return [
      ...(s.low && s.high ? [of('low'), of('high')] : []),
      of('raw'),
      ...(smoothing > 0 ? [of('smooth')] : []),
    ]
  })
}

export function dataOf(series: readonly ChartSeries[], smoothing: number): uPlot.AlignedData {
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

export const colorOf = (s: ChartSeries, index: number) =>
  s.color ?? palette[index % palette.length]!

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

const DIGIT_WIDTH = 7.5

/** As wide as the longest of its numbers. */
const axisSize = (_u: uPlot, values: string[] | null) =>
  12 + DIGIT_WIDTH * Math.max(3, ...(values ?? []).map((text) => text.length))

/** The plot as it is made: axes, lines, bands. */
export function optionsOf(
  look: Look,
  hidden: ReadonlySet<string>,
  series: readonly ChartSeries[],
  element: HTMLElement,
): uPlot.Options {
  const color = (token: string) => resolveColor(`var(${token})`, element)
  const columns = columnsOf(series, look.smoothing ?? 0)
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
    const isLog = of === 'left' && look.logLeft
    return (_u: uPlot, splits: number[], _axis: number, _space: number, step: number) =>
      splits.map((v) => (v === null ? '' : own(v, isLog ? undefined : step)))
  }
  return {
    width: element.clientWidth || 600,
    height: look.height ?? PLOT_HEIGHT,
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
      { ...axis(look.leftLabel), scale: 'left', values: format('left'), size: axisSize },
      ...(hasRight
        ? [
            {
              ...axis(look.rightLabel),
              scale: 'right',
              side: 1 as const,
              values: format('right'),
              size: axisSize,
              grid: { show: false },
            },
          ]
        : []),
    ],
    series: [{}, ...columns.map((c) => lineOf(c, smoothing, hidden.has(c.series.id), element))],
    bands: columns.flatMap((c, i) =>
      c.role === 'high' && !hidden.has(c.series.id)
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
