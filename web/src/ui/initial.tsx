import { cx } from './cx'
import styles from './initial.module.css'

type Props = { id: number; name: string | null | undefined; person?: boolean }

/** The first letter of a name, in a colour by the ID: something to recognize it by, beside the name. */
export function Initial({ id, name, person }: Props) {
  return (
    <span
      className={cx(styles.initial, person && styles.person)}
      aria-hidden="true"
      style={{ '--hue': (id * 47) % 360 } as object}
    >
      {[...(name || '?')][0]?.toUpperCase()}
    </span>
  )
}
