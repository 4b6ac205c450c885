import { cx } from './cx'
import styles from './progress-bar.module.css'

type Props = {
  /** 0..1; null: nobody knows */
  value: number | null
  label: string
  tone?: 'accent' | 'good' | 'warn' | 'danger'
  size?: 'sm' | 'md'
  /** the percentage as text beside it */
  showPercent?: boolean
}

export function ProgressBar({ value, label, tone = 'accent', size = 'md', showPercent }: Props) {
  const percent = value === null ? null : Math.round(Math.min(1, Math.max(0, value)) * 100)
  return (
    <span className={styles.row}>
      <span
        role="progressbar"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={percent ?? undefined}
        className={cx(styles.track, size === 'sm' && styles.small)}
      >
        <span
          className={cx(styles.fill, percent === null && styles.unknown)}
          data-tone={tone}
          style={{ width: `${percent ?? 30}%` }}
        />
      </span>
      {showPercent && percent !== null && (
        <span className={cx(styles.percent, 'tabular')}>{percent}%</span>
      )}
    </span>
  )
}
