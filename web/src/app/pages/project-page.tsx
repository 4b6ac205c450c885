import { ProjectPage } from '@/features/experiments/project-page'
import { QuickExperimentDialog } from '@/features/wizard/quick-dialog'

/** The experiments of a project, with the dialog of the feature that makes them. */
export default function ProjectRoute() {
  return <ProjectPage NewExperimentDialog={QuickExperimentDialog} />
}
