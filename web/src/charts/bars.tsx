import { formatNumber } from '@/i18n/format'
import styles from './bars.module.css'

type Bar = { label: string; value: number; hint?: string; color?: string; strong?: boolean }

type Props = {
  label: string
  bars: readonly Bar[]
  /** the whole width; the greatest value by default */
  max?: number
  format?: (value: number) => string
}

/** Lying bars with their names and values, a list for who does not see it. */
export function Bars({ label, bars, max, format = formatNumber }: Props) {
  const most = max ?? Math.max(...bars.map((bar) => bar.value), 1e-12)
  return (
    <ul className={styles.bars} aria-label={label}>
      {bars.map((bar, index) => (
        <li key={index} className={styles.row} data-strong={bar.strong || undefined}>
          <span className={styles.name} title={bar.label}>
            {bar.label}
          </span>
          <span className={styles.track} aria-hidden="true">
            <span
              className={styles.fill}
              style={{ width: `${(100 * bar.value) / most}%`, background: bar.color }}
            />
          </span>
          <span className={styles.value}>
            {format(bar.value)}
            {bar.hint && <span className={styles.hint}> {bar.hint}</span>}
          </span>
        </li>
      ))}
    </ul>
  )
}
