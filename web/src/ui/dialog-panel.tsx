import { Dialog as Radix } from 'radix-ui'
import { useT } from '@/i18n/i18n'
import { IconButton } from './button'
import { cx } from './cx'
import type { DialogProps } from './dialog'
import styles from './dialog.module.css'
import { Form } from './form'

/** An open dialog; rendered only while it is. */
export default function OpenDialog({
  onClose,
  title,
  description,
  size = 'md',
  as = 'dialog',
  footer,
  onSubmit,
  reading,
  children,
}: DialogProps) {
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
    <Radix.Root open onOpenChange={(next) => !next && onClose()}>
      <Radix.Portal>
        <Radix.Overlay className={styles.overlay} />
        <Radix.Content
          className={cx(
            as === 'dialog' ? styles.dialog : styles.drawer,
            as === 'drawer-left' && styles.left,
            styles[size],
          )}
          {...(description ? {} : { 'aria-describedby': undefined })}
          // What asked for the focus has not got it where a menu or a dialog below still held it.
          // Else not the button that closes, whose tooltip would open.
          onOpenAutoFocus={(event) => {
            event.preventDefault()
            const content = event.currentTarget as HTMLElement
            ;(content.querySelector<HTMLElement>('[data-autofocus]') ?? content).focus()
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
