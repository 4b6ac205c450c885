import { Menu as Radix } from 'radix-ui/internal'
import { Fragment, useRef, type RefObject } from 'react'
import { Link } from 'react-router-dom'
import { cx } from './cx'
import { Icon } from './icons'
import type { MenuItem, MenuItems } from './menu'
import styles from './menu.module.css'

type Props = {
  items: MenuItems
  align: 'start' | 'center' | 'end'
  /** the button, which is already there */
  trigger: RefObject<HTMLButtonElement | null>
  id: string
  labelledBy: string
  onClose: () => void
}

/** An open menu; rendered only while it is. */
export default function OpenMenu({ items, align, trigger, id, labelledBy, onClose }: Props) {
  const anchor = useRef(trigger.current!)
  return (
    <Radix.Root open onOpenChange={(open) => !open && onClose()}>
      <Radix.Anchor virtualRef={anchor} />
      <Radix.Portal>
        <Radix.Content
          id={id}
          aria-labelledby={labelledBy}
          className={styles.menu}
          align={align}
          sideOffset={4}
          collisionPadding={8}
          onCloseAutoFocus={(event) => {
            event.preventDefault()
            trigger.current?.focus()
          }}
        >
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
