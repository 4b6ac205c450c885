import { useState } from 'react'
import { useNavigate } from 'react-router-dom'
import { errorText } from '@/api/errors'
import type { User } from '@/api/queries'
import { tMaybe, useT } from '@/i18n/i18n'
import { Badge } from '@/ui/badge'
import { Button } from '@/ui/button'
import { ConfirmDialog } from '@/ui/dialog'
import { Initial } from '@/ui/initial'
import { RelativeTime } from '@/ui/relative-time'
import { Select } from '@/ui/select'
import { ActionsTh, Table, Td, Th, Tr } from '@/ui/table'
import { toast } from '@/ui/toast'
import { givenRoles, useChangeRole, useRemoveMember, type GivenRole, type Member } from './api'
import styles from './members.module.css'

type Props = {
  projectId: number
  members: readonly Member[]
  mayManage: boolean
  me: User | null
}

export function MemberTable({ projectId, members, mayManage, me }: Props) {
  const t = useT()
  const [removed, setRemoved] = useState<Member | null>(null)
  return (
    <>
      <Table caption={t('members.title')}>
        <thead>
          <tr>
            <Th>{t('members.columns.name')}</Th>
            <Th>{t('members.columns.role')}</Th>
            <Th className={styles.wide}>{t('members.columns.joined')}</Th>
            <ActionsTh />
          </tr>
        </thead>
        <tbody>
          {members.map((member) => (
            <Row
              key={member.user_id}
              projectId={projectId}
              member={member}
              mayManage={mayManage}
              isMe={member.user_id === me?.id}
              onRemove={() => setRemoved(member)}
            />
          ))}
        </tbody>
      </Table>
      {removed && (
        <RemoveDialog
          projectId={projectId}
          member={removed}
          isMe={removed.user_id === me?.id}
          onClose={() => setRemoved(null)}
        />
      )}
    </>
  )
}

type RowProps = {
  projectId: number
  member: Member
  mayManage: boolean
  isMe: boolean
  onRemove: () => void
}

function Row({ projectId, member, mayManage, isMe, onRemove }: RowProps) {
  const t = useT()
  const change = useChangeRole(projectId)
  const name = member.full_name || member.email
  // Who takes the right to manage from himself could not undo it.
  const mayChange = mayManage && !member.is_owner && !isMe
  const mayRemove = !member.is_owner && (mayManage || isMe)
  const setRole = (role: string) =>
    change.mutate(
      { userId: member.user_id, role: role as GivenRole },
      {
        onSuccess: () => toast.success(t('members.role_changed')),
        onError: (error) => toast.error(errorText(error)),
      },
    )
  return (
    <Tr>
      <Td>
        <span className={styles.person}>
          <Initial id={member.user_id} name={name} person />
          <span className={styles.words}>
            <span className={styles.name}>
              {name} {isMe && <Badge tone="accent">{t('members.you')}</Badge>}
            </span>
            {member.full_name && <span className={styles.sub}>{member.email}</span>}
          </span>
        </span>
      </Td>
      <Td>
        {mayChange ? (
          <Select
            fit
            size="sm"
            label={t('members.role_of', { name })}
            value={(change.isPending && change.variables.role) || member.role}
            onChange={setRole}
            options={givenRoles.map((role) => ({
              value: role,
              label: t(`members.roles.${role}`),
            }))}
          />
        ) : (
          (tMaybe(`members.roles.${member.role}`) ?? member.role)
        )}
      </Td>
      <Td className={styles.wide}>
        <RelativeTime time={member.joined_at} />
      </Td>
      <Td className={styles.last}>
        {mayRemove && (
          <Button
            size="sm"
            variant="ghost"
            icon={isMe ? 'logout' : 'trash'}
            aria-label={isMe ? t('members.leave') : t('members.remove_name', { name })}
            onClick={onRemove}
          >
            <span className={styles.buttonText}>
              {isMe ? t('members.leave') : t('members.remove')}
            </span>
          </Button>
        )}
      </Td>
    </Tr>
  )
}

type RemoveProps = { projectId: number; member: Member; isMe: boolean; onClose: () => void }

function RemoveDialog({ projectId, member, isMe, onClose }: RemoveProps) {
  const t = useT()
  const navigate = useNavigate()
  const remove = useRemoveMember(projectId)
  const confirm = () =>
    remove.mutate(member.user_id, {
      onSuccess: () => {
        toast.success(t(isMe ? 'members.left' : 'members.removed'))
        onClose()
        if (isMe) navigate('/')
      },
    })
  return (
    <ConfirmDialog
      onClose={onClose}
      title={t(isMe ? 'members.leave_title' : 'members.remove_title')}
      action={t(isMe ? 'members.leave' : 'members.remove')}
      danger
      running={remove}
      onConfirm={confirm}
    >
      <p>
        {isMe
          ? t('members.leave_text')
          : t('members.remove_text', { name: member.full_name || member.email })}
      </p>
    </ConfirmDialog>
  )
}
