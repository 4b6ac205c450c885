/* metric-names.ts - what metrics are called and how their values are written. */
import { formatMetric, formatNumber, formatPercent } from '@/i18n/format'
import { tMaybe } from '@/i18n/i18n'
import { kindOf } from './metric-groups'

type Write = (value: number) => string

export const metricLabel = (name: string) => tMaybe(`charts.metric.${name}`) ?? name

const share: Write = (v) => formatPercent(v, 2)
const loss: Write = (v) => formatNumber(v, 4)

/** Losses with 4 digits, shares as percentages with 2. */
export const metricFormat = (name: string): Write =>
  ({ share, loss, other: formatMetric })[kindOf(name)]

/** Fewer digits, for axes. */
export const metricAxisFormat = (name: string): Write =>
  kindOf(name) === 'share'
    ? (v) => formatPercent(v, 0)
    : (v) => (v !== 0 && Math.abs(v) < 1e-3 ? v.toExponential(0) : formatNumber(v))

export const metricText = (name: string, value: unknown): string =>
  typeof value === 'number' && Number.isFinite(value) ? metricFormat(name)(value) : '-'
