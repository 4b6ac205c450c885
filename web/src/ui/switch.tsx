import { Switch as Radix } from 'radix-ui'
import { cx } from './cx'
import { useFieldProps } from './field'
import styles from './switch.module.css'

type FieldProps = { required?: boolean; id?: string }
type Props = {
  checked: boolean
  onChange: (checked: boolean) => void
  disabled?: boolean
  /** seen beside it; outside a Field its name too */
  words?: string
}

export function Switch({ checked, onChange, disabled, words }: Props) {
  const { required: _required, ...field } = useFieldProps() as FieldProps
  const track = (
    <Radix.Root
      className={styles.track}
      checked={checked}
      onCheckedChange={onChange}
      disabled={disabled}
      aria-label={field.id ? undefined : words}
      {...field}
    >
      <Radix.Thumb className={styles.thumb} />
    </Radix.Root>
  )
  if (!words) return track
  return (
    <span className={cx(styles.row, field.id && styles.inField)}>
      {track}
      <span aria-hidden="true">{words}</span>
    </span>
  )
}
