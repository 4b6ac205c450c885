import { DropdownMenu as Radix } from 'radix-ui'
import { Fragment, type ReactElement, type ReactNode } from 'react'
import { Link } from 'react-router-dom'
import { cx } from './cx'
import { Icon, type IconName } from './icons'
import styles from './menu.module.css'

export type MenuItem =
  | {
      label: ReactNode
      icon?: IconName
      onSelect?: () => void
      /** a link instead */
      to?: string
      danger?: boolean
      disabled?: boolean
      /** a mark at what is chosen now */
      checked?: boolean
    }
  | 'separator'
  | { heading: ReactNode }

type Props = {
  /** the button; an IconButton, say */
  trigger: ReactElement
  items: readonly (MenuItem | false | null | undefined)[]
  align?: 'start' | 'center' | 'end'
}

export function Menu({ trigger, items, align = 'end' }: Props) {
  return (
    <Radix.Root>
      <Radix.Trigger asChild>{trigger}</Radix.Trigger>
      <Radix.Portal>
        <Radix.Content className={styles.menu} align={align} sideOffset={4} collisionPadding={8}>
          {items.map((item, index) => (
            <Fragment key={index}>{item && <Row item={item} />}</Fragment>
          ))}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}

function Row({ item }: { item: MenuItem }) {
  if (item === 'separator') return <Radix.Separator className={styles.separator} />
  if ('heading' in item) return <Radix.Label className={styles.heading}>{item.heading}</Radix.Label>
  const inside = (
    <>
      {item.icon && <Icon name={item.icon} size={16} />}
      <span className={styles.label}>{item.label}</span>
      {item.checked && <Icon name="check" size={16} />}
    </>
  )
  const className = cx(styles.item, item.danger && styles.danger)
  if (item.to)
    return (
      <Radix.Item asChild disabled={item.disabled}>
        <Link to={item.to} className={className}>
          {inside}
        </Link>
      </Radix.Item>
    )
  return (
    <Radix.Item className={className} disabled={item.disabled} onSelect={item.onSelect}>
      {inside}
    </Radix.Item>
  )
}
