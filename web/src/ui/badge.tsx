import type { ReactNode } from 'react'
import styles from './badge.module.css'

export type Tone = 'neutral' | 'accent' | 'info' | 'good' | 'warn' | 'orange' | 'danger'

export function Badge({
  tone = 'neutral',
  mark,
  children,
}: {
  tone?: Tone
  mark?: ReactNode
  children: ReactNode
}) {
  return (
    <span className={styles.badge} data-tone={tone}>
      {mark && (
        <span aria-hidden="true" className={styles.mark}>
          {mark}
        </span>
      )}
      {children}
    </span>
  )
}

/** A small quiet label: a tag, a format, a task. */
export function Chip({ children }: { children: ReactNode }) {
  return <span className={styles.chip}>{children}</span>
}
