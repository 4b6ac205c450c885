import { formatNumber } from '@/i18n/format'
import { useT } from '@/i18n/i18n'
import styles from './class-spark.module.css'

const SHOWN_MOST = 24

export const distributionOf = (distribution: unknown): [string, number][] =>
  Object.entries((distribution ?? {}) as Record<string, number>)
    .filter(([, count]) => Number.isFinite(count))
    .sort((a, b) => b[1] - a[1])

/** The classes as bars, the largest first: is it balanced? */
export function ClassSpark({ distribution }: { distribution: unknown }) {
  const t = useT()
  const classes = distributionOf(distribution)
  if (!classes.length) return null
  const most = classes[0]![1] || 1
  const words = classes
    .slice(0, SHOWN_MOST)
    .map(([name, count]) => `${name} ${formatNumber(count)}`)
    .join(', ')
  return (
    <span
      className={styles.spark}
      role="img"
      aria-label={`${t('datasets.distribution')}: ${words}`}
      title={words}
    >
      {classes.slice(0, SHOWN_MOST).map(([name, count]) => (
        <span key={name} style={{ height: `${Math.max(6, (100 * count) / most)}%` }} />
      ))}
    </span>
  )
}
