import { useQuery } from '@tanstack/react-query'
import { useState, type ComponentType } from 'react'
import { useNavigate, useParams } from 'react-router-dom'
import { projectQuery, useMe, type Project } from '@/api/queries'
import { mayInProject } from '@/api/roles'
import { useChannel } from '@/api/stream'
import { useT } from '@/i18n/i18n'
import { Button, ButtonLink } from '@/ui/button'
import { useJobActions } from '@/ui/job-actions'
import { Page } from '@/ui/page'
import { Loaded } from '@/ui/states'
import { EditProjectDialog } from './edit-project-dialog'
import { ExperimentList } from './experiment-list'

/** What opens by [+ 새 실험]; another feature's, put in by the application. */
export type NewExperimentDialogProps = { projectId: number; onClose: () => void }
type Props = { NewExperimentDialog: ComponentType<NewExperimentDialogProps> }

export function ProjectPage({ NewExperimentDialog }: Props) {
  const projectId = Number(useParams().projectId)
  const project = useQuery(projectQuery(projectId))
  useChannel(project.data ? `project:${projectId}` : null)
  return (
    <Loaded query={project}>
      {(found) => (
        <Experiments key={found.id} project={found} NewExperimentDialog={NewExperimentDialog} />
      )}
    </Loaded>
  )
}

function Experiments({ project, NewExperimentDialog }: Props & { project: Project }) {
  const t = useT()
  const me = useMe()
  const navigate = useNavigate()
  const [isCreating, setCreating] = useState(false)
  const [isEditing, setEditing] = useState(false)
  const actions = useJobActions()
  const mayWork = mayInProject(project, 'work', me)

  const create = mayWork && (
    <Button variant="primary" icon="plus" onClick={() => setCreating(true)}>
      {t('experiments.new')}
    </Button>
  )
  const stepByStep = mayWork && (
    <ButtonLink icon="wand" to={`/projects/${project.id}/new`}>
      {t('experiments.step_by_step')}
    </ButtonLink>
  )
  return (
    <Page
      title={project.name}
      description={project.description}
      actions={
        <>
          {mayInProject(project, 'manage', me) && (
            <Button
              icon="edit"
              variant="ghost"
              onClick={() => setEditing(true)}
              aria-label={t('experiments.edit_project')}
            >
              {t('common.edit')}
            </Button>
          )}
          {stepByStep}
          {create}
        </>
      }
    >
      <ExperimentList
        projectId={project.id}
        mayWork={mayWork}
        actions={actions}
        create={
          mayWork && (
            <>
              {create}
              {stepByStep}
            </>
          )
        }
        onCompare={(ids) => navigate(`/projects/${project.id}/compare?jobs=${ids.join(',')}`)}
      />
      {isEditing && <EditProjectDialog project={project} onClose={() => setEditing(false)} />}
      {isCreating && (
        <NewExperimentDialog projectId={project.id} onClose={() => setCreating(false)} />
      )}
      {actions.dialog}
    </Page>
  )
}
