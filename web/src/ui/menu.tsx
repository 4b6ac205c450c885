/* menu.tsx - a button and what it opens.  Tables have one in each row, so until it is opened it is
 * no more than the button. */
import {
  cloneElement,
  useId,
  useRef,
  useState,
  type KeyboardEvent,
  type PointerEvent,
  type ReactElement,
  type ReactNode,
} from 'react'
import type { IconName } from './icons'
import { lazyWhenUsed } from './lazy-when-used'

const OpenMenu = lazyWhenUsed(() => import('./menu-items'))

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
export type MenuItems = readonly (MenuItem | false | null | undefined)[]

type Props = {
  /** the button; an IconButton, say */
  trigger: ReactElement<object>
  items: MenuItems
  align?: 'start' | 'center' | 'end'
}

export function Menu({ trigger, items, align = 'end' }: Props) {
  const button = useRef<HTMLButtonElement>(null)
  const id = useId()
  const [isOpen, setOpen] = useState(false)
  const press = (event: PointerEvent) => {
    if (event.button !== 0 || event.ctrlKey) return
    event.preventDefault() // the focus goes into the menu, not to the button
    setOpen(!isOpen)
  }
  const key = (event: KeyboardEvent) => {
    if (!['Enter', ' ', 'ArrowDown'].includes(event.key)) return
    event.preventDefault()
    setOpen(true)
  }
  return (
    <>
      {cloneElement(trigger, {
        ref: button,
        id: `${id}-button`,
        'aria-haspopup': 'menu',
        'aria-expanded': isOpen,
        'aria-controls': isOpen ? `${id}-menu` : undefined,
        'data-state': isOpen ? 'open' : 'closed',
        onPointerDown: press,
        onKeyDown: key,
      } as object)}
      {isOpen && (
        <OpenMenu
          id={`${id}-menu`}
          labelledBy={`${id}-button`}
          trigger={button}
          items={items}
          align={align}
          onClose={() => setOpen(false)}
        />
      )}
    </>
  )
}
