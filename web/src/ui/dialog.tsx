/* dialog.tsx - what opens over the page and has it wait. */
import type { ReactNode } from 'react'
import { useT } from '@/i18n/i18n'
import { Button } from './button'
import { Failure, type Running } from './form'
import { lazyWhenUsed } from './lazy-when-used'

const OpenDialog = lazyWhenUsed(() => import('./dialog-panel'))

export type DialogProps = {
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

type Props = DialogProps & {
  /** where it is not rendered only while it is open */
  open?: boolean
}

export function Dialog({ open = true, ...rest }: Props) {
  return open && <OpenDialog {...rest} />
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
