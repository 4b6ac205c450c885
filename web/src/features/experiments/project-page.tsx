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
import { ExperimentList } from './experiment-list'

/** Other features' dialogs, put in by the application. */
type Props = {
  /** what opens by [+ 새 실험] */
  NewExperimentDialog: ComponentType<{ projectId: number; onClose: () => void }>
  ProjectFormDialog: ComponentType<{ project: Project; onClose: () => void; onDone: () => void }>
}

export function ProjectPage(dialogs: Props) {
  const projectId = Number(useParams().projectId)
  const project = useQuery(projectQuery(projectId))
  useChannel(project.data ? `project:${projectId}` : null)
  return (
    <Loaded query={project}>
      {(found) => <Experiments key={found.id} project={found} {...dialogs} />}
    </Loaded>
  )
}

type ExperimentsProps = Props & { project: Project }

function Experiments({ project, NewExperimentDialog, ProjectFormDialog }: ExperimentsProps) {
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
      {isEditing && (
        <ProjectFormDialog
          project={project}
          onClose={() => setEditing(false)}
          onDone={() => setEditing(false)}
        />
      )}
      {isCreating && (
        <NewExperimentDialog projectId={project.id} onClose={() => setCreating(false)} />
      )}
      {actions.dialog}
    </Page>
  )
}
