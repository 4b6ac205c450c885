/* table.tsx - tables that scroll sideways in themselves, with a head that stays. */
import type {
  HTMLAttributes,
  ReactNode,
  TableHTMLAttributes,
  TdHTMLAttributes,
  ThHTMLAttributes,
} from 'react'
import { useT } from '@/i18n/i18n'
import { Button } from './button'
import { cx } from './cx'
import { Icon } from './icons'
import styles from './table.module.css'

type TableProps = {
  /** says what the table shows; hidden unless showCaption */
  caption: string
  showCaption?: boolean
  /** the head stays when the table itself scrolls: give a height */
  maxHeight?: string
} & TableHTMLAttributes<HTMLTableElement>

export function Table({
  caption,
  showCaption,
  maxHeight,
  className,
  children,
  ...rest
}: TableProps) {
  return (
    // A region that scrolls must be reachable by keyboard.
    <div
      className={styles.scroll}
      style={{ maxHeight }}
      role="region"
      aria-label={caption}
      tabIndex={0}
    >
      <table className={cx(styles.table, className)} {...rest}>
        <caption className={showCaption ? styles.caption : 'visually-hidden'}>{caption}</caption>
        {children}
      </table>
    </div>
  )
}

type ThProps = {
  /** makes the head a button */
  onSort?: () => void
  sorted?: 'asc' | 'desc' | false
  numeric?: boolean
} & ThHTMLAttributes<HTMLTableCellElement>

export function Th({ onSort, sorted, numeric, className, children, ...rest }: ThProps) {
  return (
    <th
      scope="col"
      className={cx(styles.th, numeric && styles.numeric, className)}
      aria-sort={sorted ? (sorted === 'asc' ? 'ascending' : 'descending') : undefined}
      {...rest}
    >
      {onSort ? (
        <button type="button" className={styles.sort} onClick={onSort}>
          {children}
          <Icon
            name={sorted === 'asc' ? 'chevronUp' : sorted === 'desc' ? 'chevronDown' : 'sort'}
            size={13}
            opacity={sorted ? 1 : 0.45}
          />
        </button>
      ) : (
        children
      )}
    </th>
  )
}

/** Over buttons: said, not shown. */
export function ActionsTh() {
  const t = useT()
  return (
    <Th>
      <span className="visually-hidden">{t('common.actions')}</span>
    </Th>
  )
}

export function Tr({
  selected,
  className,
  ...rest
}: { selected?: boolean } & HTMLAttributes<HTMLTableRowElement>) {
  return <tr className={cx(styles.tr, selected && styles.selected, className)} {...rest} />
}

export function Td({
  numeric,
  className,
  ...rest
}: { numeric?: boolean } & TdHTMLAttributes<HTMLTableCellElement>) {
  return <td className={cx(styles.td, numeric && styles.numeric, className)} {...rest} />
}

type PagerProps = {
  page: number
  pageSize: number
  total: number
  onPage: (page: number) => void
  children?: ReactNode
}

/** Pages count from 1. */
export function Pager({ page, pageSize, total, onPage, children }: PagerProps) {
  const t = useT()
  const last = Math.max(1, Math.ceil(total / pageSize))
  const from = total ? (page - 1) * pageSize + 1 : 0
  return (
    <nav className={styles.pager} aria-label={t('common.pages')}>
      <span className="tabular">
        {t('common.range', { from, to: Math.min(total, page * pageSize), total })}
      </span>
      <span className={styles.pagerButtons}>
        {children}
        <Button size="sm" icon="chevronLeft" disabled={page <= 1} onClick={() => onPage(page - 1)}>
          {t('common.previous')}
        </Button>
        <Button size="sm" disabled={page >= last} onClick={() => onPage(page + 1)}>
          {t('common.next')}
          <Icon name="chevronRight" size={16} />
        </Button>
      </span>
    </nav>
  )
}
