import { useQuery } from '@tanstack/react-query'
import { errorText } from '@/api/errors'
import { formatDateTime } from '@/i18n/format'
import { tMaybe, useT } from '@/i18n/i18n'
import { Button } from '@/ui/button'
import { Card } from '@/ui/card'
import { RelativeTime } from '@/ui/relative-time'
import { Loaded } from '@/ui/states'
import { ActionsTh, Table, Td, Th, Tr } from '@/ui/table'
import { toast } from '@/ui/toast'
import { invitationsQuery, useCancelInvitation, type Invitation } from './api'
import styles from './members.module.css'

/** Those that nobody has answered yet. */
export function Invitations({ projectId }: { projectId: number }) {
  const t = useT()
  const invitations = useQuery(invitationsQuery(projectId))
  return (
    <Card title={t('members.pending')} flush>
      <Loaded query={invitations}>
        {(all) => {
          const pending = all.filter(({ status }) => status === 'pending')
          return pending.length ? (
            <Table caption={t('members.pending')}>
              <thead>
                <tr>
                  <Th>{t('members.email')}</Th>
                  <Th>{t('members.columns.role')}</Th>
                  <Th className={styles.wide}>{t('members.columns.invited')}</Th>
                  <Th className={styles.wide}>{t('members.columns.expires')}</Th>
                  <ActionsTh />
                </tr>
              </thead>
              <tbody>
                {pending.map((invitation) => (
                  <Row key={invitation.id} projectId={projectId} invitation={invitation} />
                ))}
              </tbody>
            </Table>
          ) : (
            <p className={styles.quiet}>{t('members.no_pending')}</p>
          )
        }}
      </Loaded>
    </Card>
  )
}

function Row({ projectId, invitation }: { projectId: number; invitation: Invitation }) {
  const t = useT()
  const cancel = useCancelInvitation(projectId)
  const who = invitation.email ?? t('members.anybody')
  return (
    <Tr>
      <Td>{who}</Td>
      <Td>{tMaybe(`members.roles.${invitation.role}`) ?? invitation.role}</Td>
      <Td className={styles.wide}>
        <RelativeTime time={invitation.created_at} />
      </Td>
      <Td className={styles.wide}>{formatDateTime(invitation.expires_at)}</Td>
      <Td className={styles.last}>
        <Button
          size="sm"
          variant="ghost"
          icon="close"
          aria-label={t('members.cancel_invitation_of', { name: who })}
          busy={cancel.isPending}
          onClick={() =>
            cancel.mutate(invitation.id, {
              onSuccess: () => toast.success(t('members.invitation_cancelled')),
              onError: (error) => toast.error(errorText(error)),
            })
          }
        >
          {t('members.cancel_invitation')}
        </Button>
      </Td>
    </Tr>
  )
}
