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
      <span className={styles.frame}>
        <input
          ref={(box) => {
            if (box) box.indeterminate = checked === 'indeterminate'
          }}
          id={id}
          type="checkbox"
          className={styles.box}
          checked={checked === true}
          onChange={(event) => onChange(event.target.checked)}
          disabled={disabled}
          aria-label={label}
        />
        {checked && <Icon name={checked === true ? 'check' : 'minus'} size={14} strokeWidth={3} />}
      </span>
      {children && <label htmlFor={id}>{children}</label>}
    </span>
  )
}
