/* format.ts - numbers, times and sizes as the reader writes them. */
import { getLocale, t } from './i18n'

const cache = new Map<string, Intl.NumberFormat | Intl.DateTimeFormat | Intl.RelativeTimeFormat>()

function cached<T extends Intl.NumberFormat | Intl.DateTimeFormat | Intl.RelativeTimeFormat>(
  key: string,
  make: (locale: string) => T,
): T {
  const full = `${getLocale()} ${key}`
  let found = cache.get(full) as T | undefined
  if (!found) cache.set(full, (found = make(getLocale())))
  return found
}

export function formatNumber(value: number | null | undefined, digits?: number): string {
  if (value == null || !Number.isFinite(value)) return '-'
  return cached(
    `n${digits ?? ''}`,
    (l) =>
      new Intl.NumberFormat(l, {
        minimumFractionDigits: digits ?? 0,
        maximumFractionDigits: digits ?? 4,
      }),
  ).format(value)
}

/** Six significant digits, exponents where they help: for metrics of unknown size. */
export function formatMetric(value: number | null | undefined): string {
  if (value == null || !Number.isFinite(value)) return '-'
  const size = Math.abs(value)
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(2)
  return formatNumber(value, size >= 100 ? 1 : 4)
}

/** 0.8734 -> "87.3%"; null -> "-" but 0 -> "0.0%". */
export function formatPercent(fraction: number | null | undefined, digits = 1): string {
  if (fraction == null || !Number.isFinite(fraction)) return '-'
  return `${(fraction * 100).toFixed(digits)}%`
}

const units = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']

export function formatBytes(bytes: number | null | undefined): string {
  if (bytes == null || !Number.isFinite(bytes)) return '-'
  let value = bytes
  let unit = 0
  while (Math.abs(value) >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${formatNumber(value, unit === 0 || value >= 100 ? 0 : 1)} ${units[unit]}`
}

/** 3725 -> "1 h 2 min"; the two largest units. */
export function formatDuration(seconds: number | null | undefined): string {
  if (seconds == null || !Number.isFinite(seconds) || seconds < 0) return '-'
  const whole = Math.round(seconds)
  const days = Math.floor(whole / 86400)
  const hours = Math.floor((whole % 86400) / 3600)
  const minutes = Math.floor((whole % 3600) / 60)
  if (days) return t('format.days_hours', { days, hours })
  if (hours) return t('format.hours_minutes', { hours, minutes })
  if (minutes) return t('format.minutes_seconds', { minutes, seconds: whole % 60 })
  return t('format.seconds', { seconds: whole })
}

export function formatDateTime(time: string | number | null | undefined): string {
  if (!time) return '-'
  return cached(
    'dt',
    (l) => new Intl.DateTimeFormat(l, { dateStyle: 'medium', timeStyle: 'short' }),
  ).format(new Date(time))
}

export function formatDate(time: string | number | null | undefined): string {
  if (!time) return '-'
  return cached('d', (l) => new Intl.DateTimeFormat(l, { dateStyle: 'medium' })).format(
    new Date(time),
  )
}

const steps: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31536000],
  ['month', 2592000],
  ['week', 604800],
  ['day', 86400],
  ['hour', 3600],
  ['minute', 60],
]

/** "방금 전" within a minute, then "3분 전". */
export function formatRelative(time: string | number | null | undefined, now = Date.now()): string {
  if (!time) return '-'
  const seconds = (new Date(time).getTime() - now) / 1000
  for (const [unit, size] of steps)
    if (Math.abs(seconds) >= size)
      return cached('r', (l) => new Intl.RelativeTimeFormat(l, { numeric: 'auto' })).format(
        Math.trunc(seconds / size),
        unit,
      )
  return t('format.just_now')
}
