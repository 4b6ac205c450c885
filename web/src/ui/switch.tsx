import { Switch as Radix } from 'radix-ui'
import { useFieldProps } from './field'
import styles from './switch.module.css'

type Props = {
  checked: boolean
  onChange: (checked: boolean) => void
  disabled?: boolean
  label?: string
}

/** label: outside a Field. */
export function Switch({ checked, onChange, disabled, label }: Props) {
  const { required: _required, ...field } = useFieldProps() as { required?: boolean }
  return (
    <Radix.Root
      className={styles.track}
      checked={checked}
      onCheckedChange={onChange}
      disabled={disabled}
      aria-label={label}
      {...field}
    >
      <Radix.Thumb className={styles.thumb} />
    </Radix.Root>
  )
}
