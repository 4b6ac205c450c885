import type { HTMLAttributes, ReactNode } from 'react'
import styles from './card.module.css'
import { cx } from './cx'

type Props = {
  title?: ReactNode
  /** buttons at the right of the title */
  actions?: ReactNode
  /** no padding around the content: tables, images */
  flush?: boolean
} & Omit<HTMLAttributes<HTMLElement>, 'title'>

/** A panel of the page. */
export function Card({ title, actions, flush, className, children, ...rest }: Props) {
  return (
    <section className={cx(styles.card, className)} {...rest}>
      {(title || actions) && (
        <header className={styles.header}>
          {title && <h2 className={styles.title}>{title}</h2>}
          {actions && <div className={styles.actions}>{actions}</div>}
        </header>
      )}
      <div className={flush ? styles.flush : styles.body}>{children}</div>
    </section>
  )
}

/** Cards in as many columns as fit. */
export function CardGrid({ min = '17rem', children }: { min?: string; children: ReactNode }) {
  return (
    <div
      className={styles.grid}
      style={{ gridTemplateColumns: `repeat(auto-fill, minmax(min(${min}, 100%), 1fr))` }}
    >
      {children}
    </div>
  )
}

/** A number with its name. */
export function Stat({
  label,
  value,
  hint,
}: {
  label: ReactNode
  value: ReactNode
  hint?: ReactNode
}) {
  return (
    <div className={styles.stat}>
      <span className={styles.statLabel}>{label}</span>
      <span className={styles.statValue}>{value}</span>
      {hint && <span className={styles.statHint}>{hint}</span>}
    </div>
  )
}

export function StatRow({ children }: { children: ReactNode }) {
  return <div className={styles.stats}>{children}</div>
}

/** Names and values: <DescriptionList items={[[t('...'), value]]} /> */
export function DescriptionList({
  items,
}: {
  items: readonly (readonly [ReactNode, ReactNode])[]
}) {
  return (
    <dl className={styles.list}>
      {items.map(([name, value], index) => (
        <div key={index} className={styles.pair}>
          <dt>{name}</dt>
          <dd>{value ?? '-'}</dd>
        </div>
      ))}
    </dl>
  )
}
