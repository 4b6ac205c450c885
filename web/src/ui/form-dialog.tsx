import type { ReactNode } from 'react'
import { useT } from '@/i18n/i18n'
import { Button } from './button'
import { Dialog } from './dialog'
import { Failure, type Running } from './form'
import type { IconName } from './icons'

type Props = {
  title: ReactNode
  description?: ReactNode
  size?: 'sm' | 'md' | 'lg' | 'xl'
  onClose: () => void
  /** only while nothing is on its way */
  onSubmit: () => void
  running: Running
  /** fields among the children that show the server's message for them */
  fields?: readonly string[]
  /** in place of the words for what went wrong */
  failure?: ReactNode
  /** on the button that sends it; "save" by itself */
  action?: string
  icon?: IconName
  danger?: boolean
  disabled?: boolean
  /** before [cancel] */
  extra?: ReactNode
  children: ReactNode
}

/** A form over the page.  Render it only while it is open: it begins anew each time; what was typed
 * stays after a failure. */
export function FormDialog({
  title,
  description,
  size,
  onClose,
  onSubmit,
  running,
  fields,
  failure,
  action,
  icon,
  danger,
  disabled,
  extra,
  children,
}: Props) {
  const t = useT()
  return (
    <Dialog
      title={title}
      description={description}
      size={size}
      onClose={onClose}
      onSubmit={() => !running.isPending && onSubmit()}
      footer={
        <>
          {extra}
          <Button onClick={onClose}>{t('common.cancel')}</Button>
          <Button
            type="submit"
            variant={danger ? 'danger' : 'primary'}
            icon={icon}
            busy={running.isPending}
            disabled={disabled}
          >
            {action ?? t('common.save')}
          </Button>
        </>
      }
    >
      {failure || <Failure error={running.error} fields={fields} />}
      {children}
    </Dialog>
  )
}
