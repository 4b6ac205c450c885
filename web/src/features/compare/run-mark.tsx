import { dashes, palette } from '@/charts/series'
import styles from './compare.module.css'

/** The line of a run in every chart of the page. */
export function RunMark({ index }: { index: number }) {
  return (
    <svg width="22" height="8" aria-hidden="true" className={styles.mark}>
      <path
        d="M0 4h22"
        stroke={palette[index % palette.length]}
        strokeWidth="3"
        strokeDasharray={dashes[index % dashes.length]!.join(' ')}
      />
    </svg>
  )
}
