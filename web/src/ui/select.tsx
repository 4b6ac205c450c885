import { Select as Radix } from 'radix-ui'
import type { ReactNode } from 'react'
import { cx } from './cx'
import { useFieldProps } from './field'
import { Icon } from './icons'
import input from './input.module.css'
import styles from './select.module.css'

type Option = { value: string; label: ReactNode; hint?: ReactNode; disabled?: boolean }

type Props = {
  value: string
  onChange: (value: string) => void
  options: readonly Option[]
  placeholder?: string
  disabled?: boolean
  /** needed outside a Field */
  label?: string
  size?: 'sm' | 'md'
  /** as wide as its text instead of its place: in a row of filters */
  fit?: boolean
  className?: string
}

/** One of a few.  Values must not be empty: give "all" a name. */
export function Select({
  value,
  onChange,
  options,
  placeholder,
  disabled,
  label,
  size,
  fit,
  className,
}: Props) {
  const { required: _required, ...field } = useFieldProps() as { required?: boolean }
  return (
    <Radix.Root value={value} onValueChange={onChange} disabled={disabled}>
      <Radix.Trigger
        className={cx(
          input.input,
          styles.trigger,
          size === 'sm' && styles.small,
          fit && styles.fit,
          className,
        )}
        aria-label={label}
        {...field}
      >
        <span className={styles.value}>
          <Radix.Value placeholder={placeholder} />
        </span>
        <Radix.Icon asChild>
          <Icon name="chevronDown" size={16} className={styles.arrow} />
        </Radix.Icon>
      </Radix.Trigger>
      <Radix.Portal>
        <Radix.Content
          className={styles.list}
          position="popper"
          sideOffset={4}
          collisionPadding={8}
        >
          <Radix.Viewport>
            {options.map((option) => (
              <Radix.Item
                key={option.value}
                value={option.value}
                disabled={option.disabled}
                className={styles.item}
              >
                <span>
                  <Radix.ItemText>{option.label}</Radix.ItemText>
                  {option.hint && <span className={styles.hint}>{option.hint}</span>}
                </span>
                <Radix.ItemIndicator>
                  <Icon name="check" size={16} />
                </Radix.ItemIndicator>
              </Radix.Item>
            ))}
          </Radix.Viewport>
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}
