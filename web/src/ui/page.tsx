import { useEffect, type ReactNode } from 'react'
import { Link } from 'react-router-dom'
import { useT } from '@/i18n/i18n'
import { Icon } from './icons'
import styles from './page.module.css'

/** "Title · Fovea" as long as the component is there. */
export function useTitle(title: string | undefined): void {
  useEffect(() => {
    if (title) document.title = `${title} · Fovea`
  }, [title])
}

type Crumb = { label: ReactNode; to: string }

type Props = {
  title: string
  /** the title as shown, if more than its text: with a badge, say */
  heading?: ReactNode
  description?: ReactNode
  crumbs?: readonly Crumb[]
  actions?: ReactNode
  /** as wide as the window: tables of experts */
  wide?: boolean
  children: ReactNode
}

/** A page: its title (also of the document), the way to it, what can be done, content. */
export function Page({ title, heading, description, crumbs, actions, wide, children }: Props) {
  const t = useT()
  useTitle(title)
  return (
    <div className={wide ? styles.wide : styles.page}>
      <header className={styles.header}>
        <div className={styles.words}>
          {crumbs && (
            <nav aria-label={t('common.breadcrumbs')} className={styles.crumbs}>
              {crumbs.map((crumb) => (
                <span key={crumb.to} className={styles.crumb}>
                  <Link to={crumb.to}>{crumb.label}</Link>
                  <Icon name="chevronRight" size={14} />
                </span>
              ))}
            </nav>
          )}
          <h1>{heading ?? title}</h1>
          {description && <p className={styles.description}>{description}</p>}
        </div>
        {actions && <div className={styles.actions}>{actions}</div>}
      </header>
      {children}
    </div>
  )
}

/** Things under each other (gap 4), or beside each other and wrapping (row, gap 2). */
export function Stack({ children, gap = 4 }: { children: ReactNode; gap?: 1 | 2 | 3 | 4 | 6 }) {
  return (
    <div className={styles.stack} style={{ gap: `var(--space-${gap})` }}>
      {children}
    </div>
  )
}

/** As many beside each other as fit, each as high as it is. */
export function Columns({ min, children }: { min: string; children: ReactNode }) {
  return (
    <div
      className={styles.columns}
      style={{ gridTemplateColumns: `repeat(auto-fit, minmax(min(${min}, 100%), 1fr))` }}
    >
      {children}
    </div>
  )
}

export function Row({
  children,
  gap = 2,
  between,
}: {
  children: ReactNode
  gap?: 1 | 2 | 3 | 4 | 6
  between?: boolean
}) {
  return (
    <div
      className={styles.row}
      style={{ gap: `var(--space-${gap})`, justifyContent: between ? 'space-between' : undefined }}
    >
      {children}
    </div>
  )
}
