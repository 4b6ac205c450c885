import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useParams } from 'react-router-dom'
import { membersQuery, projectQuery, useMe, type Project } from '@/api/queries'
import { mayInProject } from '@/api/roles'
import { useT } from '@/i18n/i18n'
import { Button } from '@/ui/button'
import { Card } from '@/ui/card'
import { Page } from '@/ui/page'
import { Loaded } from '@/ui/states'
import { AddMemberDialog } from './add-member-dialog'
import { Invitations } from './invitations'
import { InviteDialog } from './invite-dialog'
import { MemberTable } from './member-table'
import { RoleTable } from './role-table'

export default function MembersPage() {
  const projectId = Number(useParams().projectId)
  const project = useQuery(projectQuery(projectId))
  return <Loaded query={project}>{(found) => <Members key={found.id} project={found} />}</Loaded>
}

function Members({ project }: { project: Project }) {
  const t = useT()
  const me = useMe()
  const members = useQuery(membersQuery(project.id))
  const [open, setOpen] = useState<'add' | 'invite' | null>(null)
  const [email, setEmail] = useState('')
  const mayManage = mayInProject(project, 'manage', me)
  return (
    <Page
      title={t('members.title')}
      description={t('members.lead')}
      crumbs={[{ label: project.name, to: `/projects/${project.id}` }]}
      actions={
        mayManage && (
          <>
            <Button icon="plus" onClick={() => setOpen('add')}>
              {t('members.add')}
            </Button>
            <Button
              variant="primary"
              icon="link"
              onClick={() => {
                setEmail('')
                setOpen('invite')
              }}
            >
              {t('members.invite')}
            </Button>
          </>
        )
      }
    >
      <Card flush aria-label={t('members.title')}>
        <Loaded query={members}>
          {(all) => (
            <MemberTable projectId={project.id} members={all} mayManage={mayManage} me={me} />
          )}
        </Loaded>
      </Card>
      {mayManage && <Invitations projectId={project.id} />}
      <RoleTable />
      {open === 'add' && (
        <AddMemberDialog
          projectId={project.id}
          onClose={() => setOpen(null)}
          onInvite={(address) => {
            setEmail(address)
            setOpen('invite')
          }}
        />
      )}
      {open === 'invite' && (
        <InviteDialog projectId={project.id} email={email} onClose={() => setOpen(null)} />
      )}
    </Page>
  )
}
