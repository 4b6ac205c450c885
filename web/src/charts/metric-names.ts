/* metric-names.ts - what metrics are called and how their values are written. */
import { formatMetric, formatNumber, formatPercent } from '@/i18n/format'
import { tMaybe } from '@/i18n/i18n'
import { kindOf } from './metric-groups'

type Write = (value: number) => string
type WriteAxis = (value: number, step?: number) => string

const DIGITS_MOST = 6

export const metricLabel = (name: string) => tMaybe(`charts.metric.${name}`) ?? name

const share: Write = (v) => formatPercent(v, 2)
const loss: Write = (v) => formatNumber(v, 4)

/** Losses with 4 digits, shares as percentages with 2. */
export const metricFormat = (name: string): Write =>
  ({ share, loss, other: formatMetric })[kindOf(name)]

/** Fewer digits, for axes: as many as tell values apart that lie `step` from each other. */
export const metricAxisFormat = (name: string): WriteAxis =>
  kindOf(name) === 'share'
    ? (v, step) => formatPercent(v, digitsOf(step === undefined ? 1 : step * 100))
    : axisNumber

const digitsOf = (step: number) =>
  Math.min(Math.max(0, Math.ceil(-Math.log10(step) - 1e-9)), DIGITS_MOST)

export const axisNumber: WriteAxis = (v, step) =>
  v !== 0 && Math.abs(v) < 1e-3
    ? v.toExponential(0)
    : formatNumber(v, step === undefined ? undefined : digitsOf(step))

export const metricText = (name: string, value: unknown): string =>
  typeof value === 'number' && Number.isFinite(value) ? metricFormat(name)(value) : '-'
