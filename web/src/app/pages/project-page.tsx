import { ProjectPage } from '@/features/experiments/project-page'
import { ProjectFormDialog } from '@/features/projects/project-form-dialog'
import { QuickExperimentDialog } from '@/features/wizard/quick-dialog'

/** The experiments of a project, with the dialogs of the features that make them and keep projects. */
export default function ProjectRoute() {
  return (
    <ProjectPage
      NewExperimentDialog={QuickExperimentDialog}
      ProjectFormDialog={ProjectFormDialog}
    />
  )
}
