/* states.tsx - what stands where data would: nothing yet, not yet, not at all. */
import type { UseQueryResult } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { ApiError, errorText } from '@/api/errors'
import { useT } from '@/i18n/i18n'
import { Button } from './button'
import { Icon, type IconName } from './icons'
import styles from './states.module.css'

type EmptyProps = {
  icon?: IconName
  title: ReactNode
  children?: ReactNode
  action?: ReactNode
  /** it is the page */ isPage?: boolean
}

export function EmptyState({ icon = 'folder', title, children, action, isPage }: EmptyProps) {
  const Title = isPage ? 'h1' : 'p'
  return (
    <div className={styles.state}>
      <span className={styles.mark}>
        <Icon name={icon} size={26} />
      </span>
      <Title className={styles.title}>{title}</Title>
      {children && <div className={styles.text}>{children}</div>}
      {action && <div className={styles.action}>{action}</div>}
    </div>
  )
}

export function ErrorState({ error, onRetry }: { error: unknown; onRetry?: () => void }) {
  const t = useT()
  const missing = error instanceof ApiError && error.status === 404
  return (
    <div className={styles.state} role="alert">
      <span className={styles.mark} data-tone="danger">
        <Icon name={missing ? 'search' : 'warning'} size={26} />
      </span>
      <p className={styles.title}>{missing ? t('common.not_found') : t('common.load_failed')}</p>
      <div className={styles.text}>{errorText(error)}</div>
      {onRetry && (
        <div className={styles.action}>
          <Button icon="refresh" onClick={onRetry}>
            {t('common.retry')}
          </Button>
        </div>
      )}
    </div>
  )
}

/** Grey bars of about the size of what comes. */
export function Skeleton({ height = '1rem', width = '100%' }: { height?: string; width?: string }) {
  return <span className={styles.skeleton} style={{ height, width }} aria-hidden="true" />
}

export function LoadingRows({ rows = 5, height = '2.5rem' }: { rows?: number; height?: string }) {
  const t = useT()
  return (
    <div className={styles.rows} role="status" aria-label={t('common.loading')}>
      {Array.from({ length: rows }, (_, index) => (
        <Skeleton key={index} height={height} />
      ))}
    </div>
  )
}

type LoadedProps<T> = {
  query: Pick<UseQueryResult<T>, 'data' | 'error' | 'isPending' | 'refetch'>
  /** while it loads; rows by default */
  loading?: ReactNode
  children: (data: T) => ReactNode
}

/** Loading, failed or there.  What is there stays while it is asked again, also when that fails. */
export function Loaded<T>({ query, loading, children }: LoadedProps<T>) {
  if (query.data !== undefined) return <>{children(query.data)}</>
  if (query.error) return <ErrorState error={query.error} onRetry={() => void query.refetch()} />
  return <>{loading ?? <LoadingRows />}</>
}
