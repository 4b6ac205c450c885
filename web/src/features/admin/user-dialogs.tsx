import { useState } from 'react'
import type { SystemRole } from '@/api/roles'
import { formatDuration } from '@/i18n/format'
import { useT } from '@/i18n/i18n'
import { Button } from '@/ui/button'
import { CopyLine } from '@/ui/copy-button'
import { ConfirmDialog, Dialog } from '@/ui/dialog'
import { FormDialog } from '@/ui/form-dialog'
import { toast } from '@/ui/toast'
import styles from './admin-page.module.css'
import { useChangeUser, useDeleteUser, usePasswordLink, type Account } from './api'
import { RoleField } from './role-field'

type Props = { account: Account; onClose: () => void }

export function RoleDialog({ account, onClose }: Props) {
  const t = useT()
  const change = useChangeUser()
  const [role, setRole] = useState<SystemRole>(account.system_role)
  const submit = () =>
    change.mutate(
      { id: account.id, system_role: role },
      {
        onSuccess: () => {
          toast.success(t('admin.users.changed'))
          onClose()
        },
      },
    )
  return (
    <FormDialog
      size="sm"
      onClose={onClose}
      title={t('admin.users.change_role')}
      description={account.email}
      onSubmit={submit}
      running={change}
    >
      <RoleField value={role} onChange={setRole} />
    </FormDialog>
  )
}

export function ActivityDialog({ account, onClose }: Props) {
  const t = useT()
  const change = useChangeUser()
  const next = !account.is_active
  const confirm = () =>
    change.mutate(
      { id: account.id, is_active: next },
      {
        onSuccess: () => {
          toast.success(t('admin.users.changed'))
          onClose()
        },
      },
    )
  return (
    <ConfirmDialog
      onClose={onClose}
      title={t(next ? 'admin.users.activate' : 'admin.users.deactivate')}
      action={t(next ? 'admin.users.activate' : 'admin.users.deactivate')}
      danger={!next}
      running={change}
      onConfirm={confirm}
    >
      <p>
        {t(next ? 'admin.users.activate_text' : 'admin.users.deactivate_text', {
          email: account.email,
        })}
      </p>
    </ConfirmDialog>
  )
}

export function PasswordLinkDialog({ account, onClose }: Props) {
  const t = useT()
  const link = usePasswordLink()
  if (link.data)
    return (
      <LinkShown
        email={account.email}
        url={link.data.password_url}
        seconds={link.data.password_link_seconds}
        onClose={onClose}
      />
    )
  return (
    <ConfirmDialog
      onClose={onClose}
      title={t('admin.users.password_link')}
      action={t('admin.users.make_link')}
      running={link}
      onConfirm={() => link.mutate(account.id)}
    >
      <p>{t('admin.users.password_link_text', { email: account.email })}</p>
    </ConfirmDialog>
  )
}

type LinkProps = { email: string; url: string; seconds: number | null; onClose: () => void }

/** The server sends no mail: whoever made the link hands it over. */
export function LinkShown({ email, url, seconds, onClose }: LinkProps) {
  const t = useT()
  const full = new URL(url, location.origin).href
  return (
    <Dialog
      onClose={onClose}
      title={t('admin.users.link_title')}
      footer={
        <Button variant="primary" onClick={onClose}>
          {t('common.close')}
        </Button>
      }
    >
      <p>{t('admin.users.link_text', { email })}</p>
      <CopyLine text={full} />
      {seconds !== null && (
        <p className={styles.hint}>
          {t('admin.users.link_ends', { time: formatDuration(seconds) })}
        </p>
      )}
    </Dialog>
  )
}

export function DeleteUserDialog({ account, onClose }: Props) {
  const t = useT()
  const remove = useDeleteUser()
  const confirm = () =>
    remove.mutate(account.id, {
      onSuccess: () => {
        toast.success(t('admin.users.deleted'))
        onClose()
      },
    })
  return (
    <ConfirmDialog
      onClose={onClose}
      title={t('admin.users.delete_title')}
      action={t('common.delete')}
      danger
      running={remove}
      onConfirm={confirm}
    >
      <p>
        {t(
          account.project_count ? 'admin.users.delete_owner' : 'admin.users.delete_text',
          account.project_count
            ? { email: account.email, count: account.project_count }
            : { email: account.email },
        )}
      </p>
    </ConfirmDialog>
  )
}
