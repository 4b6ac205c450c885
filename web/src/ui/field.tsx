import { createContext, useContext, useId, type ReactNode } from 'react'
import styles from './field.module.css'
import { Icon } from './icons'
import { cx } from './cx'

type Ids = { id: string; describedBy?: string; invalid: boolean; required?: boolean }
const FieldContext = createContext<Ids | null>(null)

/** What a control inside a Field puts on itself: id, aria-describedby, aria-invalid, required. */
export function useFieldProps() {
  const ids = useContext(FieldContext)
  return ids
    ? {
        id: ids.id,
        'aria-describedby': ids.describedBy,
        'aria-invalid': ids.invalid || undefined,
        required: ids.required,
      }
    : {}
}

type Props = {
  label: ReactNode
  hint?: ReactNode
  error?: ReactNode
  required?: boolean
  optional?: string
  /** at the right end of the label: a "modified" mark, a reset button */
  extra?: ReactNode
  className?: string
  children: ReactNode
}

/** A label, a control, a hint, an error.  Controls of ui/ find each other by context. */
export function Field({
  label,
  hint,
  error,
  required,
  optional,
  extra,
  className,
  children,
}: Props) {
  const id = useId()
  const describedBy = cx(error ? `${id}-error` : null, hint ? `${id}-hint` : null) || undefined
  return (
    <FieldContext.Provider value={{ id, describedBy, invalid: Boolean(error), required }}>
      <div className={cx(styles.field, className)}>
        <div className={styles.head}>
          <label htmlFor={id} className={styles.label}>
            {label}
            {optional && <span className={styles.optional}>{optional}</span>}
          </label>
          {extra}
        </div>
        {children}
        {hint && (
          <p id={`${id}-hint`} className={styles.hint}>
            {hint}
          </p>
        )}
        {error && (
          <p id={`${id}-error`} className={styles.error} role="alert">
            <Icon name="error" size={14} />
            {error}
          </p>
        )}
      </div>
    </FieldContext.Provider>
  )
}
