import { Dialog as Radix } from 'radix-ui'
import type { ReactNode } from 'react'
import { useT } from '@/i18n/i18n'
import { Button, IconButton } from './button'
import { cx } from './cx'
import styles from './dialog.module.css'
import { Failure, Form, type Running } from './form'

type Props = {
  /** where it is not rendered only while it is open */
  open?: boolean
  onClose: () => void
  title: ReactNode
  description?: ReactNode
  size?: 'sm' | 'md' | 'lg' | 'xl'
  /** drawer: at the right edge, as high as the page */
  as?: 'dialog' | 'drawer' | 'drawer-left'
  footer?: ReactNode
  /** makes body and footer a form */
  onSubmit?: () => void
  /** a name for the body that holds nothing but text: it takes the focus, so that keys scroll it */
  reading?: string
  children?: ReactNode
}

export function Dialog({
  open = true,
  onClose,
  title,
  description,
  size = 'md',
  as = 'dialog',
  footer,
  onSubmit,
  reading,
  children,
}: Props) {
  const t = useT()
  const inside = (
    <>
      <div
        className={styles.body}
        {...(reading ? { role: 'region', tabIndex: 0, 'aria-label': reading } : {})}
      >
        {children}
      </div>
      {footer && <div className={styles.footer}>{footer}</div>}
    </>
  )
  return (
    <Radix.Root open={open} onOpenChange={(next) => !next && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className={styles.overlay} />
        <Radix.Content
          className={cx(
            as === 'dialog' ? styles.dialog : styles.drawer,
            as === 'drawer-left' && styles.left,
            styles[size],
          )}
          {...(description ? {} : { 'aria-describedby': undefined })}
          // Nothing inside asked for the focus: not the button that closes, whose tooltip would open.
          onOpenAutoFocus={(event) => {
            event.preventDefault()
            ;(event.currentTarget as HTMLElement).focus()
          }}
        >
          <header className={styles.header}>
            <div>
              <Radix.Title className={styles.title}>{title}</Radix.Title>
              {description && (
                <Radix.Description className={styles.description}>{description}</Radix.Description>
              )}
            </div>
            <Radix.Close asChild>
              <IconButton icon="close" size="sm" label={t('common.close')} />
            </Radix.Close>
          </header>
          {onSubmit ? (
            <Form className={styles.inside} onSubmit={onSubmit}>
              {inside}
            </Form>
          ) : (
            <div className={styles.inside}>{inside}</div>
          )}
        </Radix.Content>
      </Radix.Portal>
    </Radix.Root>
  )
}

export const Drawer = (props: Omit<Props, 'as'> & { side?: 'left' | 'right' }) => (
  <Dialog {...props} as={props.side === 'left' ? 'drawer-left' : 'drawer'} />
)

type ConfirmProps = {
  open?: boolean
  onClose: () => void
  title: ReactNode
  children?: ReactNode
  action: string
  danger?: boolean
  /** what the answer starts, if it takes a while or may fail */
  running?: Running
  /** in place of the words for what went wrong */
  failure?: ReactNode
  onConfirm: () => void
}

/** "Really?"  The focus begins on the way out. */
export function ConfirmDialog({
  open,
  onClose,
  title,
  children,
  action,
  danger,
  running,
  failure,
  onConfirm,
}: ConfirmProps) {
  const t = useT()
  return (
    <Dialog
      open={open}
      onClose={onClose}
      title={title}
      size="sm"
      footer={
        <>
          <Button autoFocus onClick={onClose}>
            {t('common.cancel')}
          </Button>
          <Button
            variant={danger ? 'danger' : 'primary'}
            busy={running?.isPending}
            onClick={onConfirm}
          >
            {action}
          </Button>
        </>
      }
    >
      {failure || <Failure error={running?.error} />}
      {children}
    </Dialog>
  )
}
