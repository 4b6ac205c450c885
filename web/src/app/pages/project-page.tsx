import { ProjectPage } from '@/features/experiments/project-page'

/** The experiments of a project, with the dialog of the feature that makes them. */
export default function ProjectRoute() {
  return <ProjectPage NewExperimentDialog={() => null} />
}
