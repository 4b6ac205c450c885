import { useState } from 'react'
import { fieldError } from '@/api/errors'
import { formatDateTime } from '@/i18n/format'
import { useT } from '@/i18n/i18n'
import { Banner } from '@/ui/banner'
import { Button } from '@/ui/button'
import { CopyButton } from '@/ui/copy-button'
import { Dialog } from '@/ui/dialog'
import { Field } from '@/ui/field'
import { FormDialog } from '@/ui/form-dialog'
import { Input, Textarea } from '@/ui/input'
import { useInvite, type GivenRole } from './api'
import styles from './members.module.css'
import { RoleField } from './role-field'

type Props = { projectId: number; email: string; onClose: () => void }

/** Makes a link; the server shows it this once. */
export function InviteDialog({ projectId, email: given, onClose }: Props) {
  const t = useT()
  const invite = useInvite(projectId)
  const [email, setEmail] = useState(given)
  const [role, setRole] = useState<GivenRole>('member')
  const [message, setMessage] = useState('')
  const problem = fieldError(invite.error, 'email')

  const submit = () => {
    if (invite.isPending) return
    invite.mutate({ email: email.trim() || null, role, message: message.trim() || null })
  }
  if (invite.data)
    return (
      <Dialog
        onClose={onClose}
        title={t('members.link_made')}
        description={t('members.link_lead')}
        footer={
          <Button variant="primary" onClick={onClose}>
            {t('common.close')}
          </Button>
        }
      >
        <Field
          label={t('members.link')}
          hint={t('members.link_expires', { time: formatDateTime(invite.data.expires_at) })}
        >
          <Input
            readOnly
            className={styles.link}
            value={linkOf(invite.data)}
            onFocus={(event) => event.target.select()}
          />
        </Field>
        <div>
          <CopyButton text={linkOf(invite.data)}>{t('members.copy_link')}</CopyButton>
        </div>
        <Banner tone="info">
          {invite.data.email
            ? t('members.link_for', { email: invite.data.email })
            : t('members.link_for_anybody')}
        </Banner>
      </Dialog>
    )
  return (
    <FormDialog
      onClose={onClose}
      title={t('members.invite')}
      description={t('members.invite_lead')}
      onSubmit={submit}
      running={invite}
      fields={['email']}
      action={t('members.make_link')}
      icon="link"
    >
      <Field
        label={t('members.email')}
        optional={t('common.optional')}
        hint={t('members.invite_email_hint')}
        error={problem}
      >
        <Input
          autoFocus
          type="email"
          autoComplete="off"
          value={email}
          onChange={(event) => setEmail(event.target.value)}
        />
      </Field>
      <RoleField value={role} onChange={setRole} />
      <Field label={t('members.message')} optional={t('common.optional')}>
        <Textarea value={message} onChange={(event) => setMessage(event.target.value)} />
      </Field>
    </FormDialog>
  )
}

/** Of the origin that the reader is on: the server may know itself by another name. */
const linkOf = ({ token }: { token: string }) =>
  new URL(`/invite?token=${encodeURIComponent(token)}`, location.origin).href
