import type { ReactNode } from 'react'
import styles from './banner.module.css'
import { Icon } from './icons'

type Props = {
  tone: 'info' | 'good' | 'warn' | 'danger'
  title?: ReactNode
  children?: ReactNode
  /** a button */
  action?: ReactNode
}

const icons = { info: 'info', good: 'success', warn: 'warning', danger: 'error' } as const

/** Something to know about the page below; errors are announced. */
export function Banner({ tone, title, children, action }: Props) {
  return (
    <div className={styles.banner} data-tone={tone} role={tone === 'danger' ? 'alert' : 'status'}>
      <Icon name={icons[tone]} />
      <div className={styles.words}>
        {title && <strong>{title}</strong>}
        {children && <div>{children}</div>}
      </div>
      {action}
    </div>
  )
}
