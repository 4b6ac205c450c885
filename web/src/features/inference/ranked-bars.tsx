import { useT } from '@/i18n/i18n'
import type { Prediction } from './api'
import styles from './inference.module.css'

/** "#1 cat 87.34%", the bar as wide as the confidence; what stays below the threshold is quiet. */
export function RankedBars({
  predictions,
  threshold,
}: {
  predictions: readonly Prediction[]
  threshold: number
}) {
  const t = useT()
  // One row without a class stands for "no object".
  if (predictions.every((row) => row.label_id < 0))
    return <p className={styles.state}>{t('inference.nothing_found')}</p>
  return (
    <ol className={styles.bars} aria-label={t('inference.results')}>
      {predictions.map((row, index) => (
        <li
          key={row.label_id}
          className={styles.bar}
          data-below={row.confidence < threshold || undefined}
        >
          <span className={styles.barWords}>
            <span className={styles.rank}>#{index + 1}</span>
            <span className={styles.label}>
              {row.label}
              {row.count && row.count > 1 ? ` ×${row.count}` : ''}
            </span>
            <span className="tabular">{(row.confidence * 100).toFixed(2)}%</span>
          </span>
          <span className={styles.track} aria-hidden="true">
            <span className={styles.fill} style={{ width: `${row.confidence * 100}%` }} />
          </span>
        </li>
      ))}
    </ol>
  )
}
