import type { ButtonHTMLAttributes, Ref } from 'react'
import { Link, type LinkProps } from 'react-router-dom'
import styles from './button.module.css'
import { cx } from './cx'
import { Icon, type IconName } from './icons'
import { Spinner } from './spinner'

type ButtonVariant = 'primary' | 'secondary' | 'ghost' | 'danger'
type Looks = { variant?: ButtonVariant; size?: 'sm' | 'md'; icon?: IconName; wide?: boolean }

const look = ({ variant = 'secondary', size = 'md', wide }: Looks) =>
  cx(styles.button, styles[variant], size === 'sm' && styles.small, wide && styles.wide)

type ButtonProps = Looks & {
  /** Shows a spinner and takes no clicks; the focus stays. */
  busy?: boolean
  ref?: Ref<HTMLButtonElement>
} & ButtonHTMLAttributes<HTMLButtonElement>

export function Button({
  variant,
  size,
  icon,
  wide,
  busy,
  className,
  children,
  onClick,
  ...rest
}: ButtonProps) {
  return (
    <button
      type="button"
      className={cx(look({ variant, size, wide }), className)}
      data-autofocus={rest.autoFocus || undefined}
      aria-busy={busy || undefined}
      aria-disabled={busy || undefined}
      onClick={busy ? (event) => event.preventDefault() : onClick}
      {...rest}
    >
      {busy ? <Spinner size={14} /> : icon && <Icon name={icon} size={16} />}
      {children}
    </button>
  )
}

/** A link that looks like a button: for what leads somewhere. */
export function ButtonLink({
  variant,
  size,
  icon,
  wide,
  className,
  children,
  ...rest
}: Looks & LinkProps) {
  return (
    <Link className={cx(look({ variant, size, wide }), className)} {...rest}>
      {icon && <Icon name={icon} size={16} />}
      {children}
    </Link>
  )
}

type IconButtonProps = {
  icon: IconName
  label: string
  size?: 'sm' | 'md'
  variant?: ButtonVariant
  busy?: boolean
  ref?: Ref<HTMLButtonElement>
} & Omit<ButtonHTMLAttributes<HTMLButtonElement>, 'aria-label' | 'children'>

/** Its label is its name and its tooltip. */
export function IconButton({
  icon,
  label,
  size = 'md',
  variant = 'ghost',
  busy,
  className,
  ...rest
}: IconButtonProps) {
  return (
    <button
      type="button"
      aria-label={label}
      data-tip={label}
      aria-busy={busy || undefined}
      className={cx(
        styles.button,
        styles.square,
        styles[variant],
        size === 'sm' && styles.small,
        className,
      )}
      {...rest}
    >
      {busy ? <Spinner size={14} /> : <Icon name={icon} size={size === 'sm' ? 16 : 18} />}
    </button>
  )
}
