import { Checkbox as Radix } from 'radix-ui'
import { useId, type ReactNode } from 'react'
import styles from './checkbox.module.css'
import { Icon } from './icons'

type Props = {
  checked: boolean | 'indeterminate'
  onChange: (checked: boolean) => void
  disabled?: boolean
  /** visible text, or */
  children?: ReactNode
  /** a name without text */
  label?: string
}

export function Checkbox({ checked, onChange, disabled, children, label }: Props) {
  const id = useId()
  return (
    <span className={styles.row}>
      <Radix.Root
        id={id}
        className={styles.box}
        checked={checked}
        onCheckedChange={(next) => onChange(next === true)}
        disabled={disabled}
        aria-label={label}
      >
        <Radix.Indicator>
          <Icon name={checked === 'indeterminate' ? 'minus' : 'check'} size={14} strokeWidth={3} />
        </Radix.Indicator>
      </Radix.Root>
      {children && <label htmlFor={id}>{children}</label>}
    </span>
  )
}
