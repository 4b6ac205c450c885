import { ProjectPage } from '@/features/experiments/project-page'
import { withWords } from '@/i18n/i18n'
import { lazyWhenUsed } from '@/ui/lazy-when-used'

const ProjectFormDialog = lazyWhenUsed(
  withWords(() => import('@/features/projects/project-form-dialog'), 'projects'),
)
const QuickExperimentDialog = lazyWhenUsed(
  withWords(() => import('@/features/wizard/quick-dialog'), 'wizard'),
)

/** The experiments of a project, with the dialogs of the features that make them and keep projects. */
export default function ProjectRoute() {
  return (
    <ProjectPage
      NewExperimentDialog={QuickExperimentDialog}
      ProjectFormDialog={ProjectFormDialog}
    />
  )
}
