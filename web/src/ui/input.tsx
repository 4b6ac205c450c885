import type { InputHTMLAttributes, Ref, TextareaHTMLAttributes } from 'react'
import { cx } from './cx'
import { useFieldProps } from './field'
import { Icon, type IconName } from './icons'
import styles from './input.module.css'

type InputProps = {
  icon?: IconName
  ref?: Ref<HTMLInputElement>
} & InputHTMLAttributes<HTMLInputElement>

export function Input({ icon, className, ...rest }: InputProps) {
  const field = useFieldProps()
  const input = (
    <input
      className={cx(styles.input, icon && styles.withIcon, className)}
      data-autofocus={rest.autoFocus || undefined}
      {...field}
      {...rest}
    />
  )
  if (!icon) return input
  return (
    <span className={styles.wrap}>
      <Icon name={icon} size={16} className={styles.icon} />
      {input}
    </span>
  )
}

type TextareaProps = {
  ref?: Ref<HTMLTextAreaElement>
} & TextareaHTMLAttributes<HTMLTextAreaElement>

export function Textarea({ className, ...rest }: TextareaProps) {
  const field = useFieldProps()
  return (
    <textarea
      className={cx(styles.input, styles.area, className)}
      data-autofocus={rest.autoFocus || undefined}
      rows={3}
      {...field}
      {...rest}
    />
  )
}
