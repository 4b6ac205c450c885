import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useNavigate, useSearchParams } from 'react-router-dom'
import { projectsQuery, useMe, type Project } from '@/api/queries'
import { hasRole, mayInProject } from '@/api/roles'
import { useLocale, useT } from '@/i18n/i18n'
import { Button } from '@/ui/button'
import { CardGrid } from '@/ui/card'
import { lazyWhenUsed } from '@/ui/lazy-when-used'
import { Page } from '@/ui/page'
import { SearchInput } from '@/ui/search-input'
import { EmptyState, Loaded, Skeleton } from '@/ui/states'
import { DeleteProjectDialog } from './delete-project-dialog'
import { ProjectCard } from './project-card'
import styles from './dashboard-page.module.css'

const ProjectFormDialog = lazyWhenUsed(() => import('./project-form-dialog'))

const SEARCH_FROM = 7 // projects; fewer are seen at a glance

export default function DashboardPage() {
  const t = useT()
  const navigate = useNavigate()
  const me = useMe()
  const projects = useQuery(projectsQuery())
  const [search, setSearch] = useSearchParams()
  const [isCreating, setCreating] = useState(false)
  const [edited, setEdited] = useState<Project | null>(null)
  const [removed, setRemoved] = useState<Project | null>(null)
  const mayCreate = hasRole(me, 'standard_engineer')
  const wanted = search.get('q') ?? ''

  const create = (
    <Button variant="primary" icon="plus" onClick={() => setCreating(true)}>
      {t('projects.new')}
    </Button>
  )
  return (
    <Page
      title={t('projects.dashboard')}
      description={t('projects.lead')}
      actions={mayCreate && create}
    >
      <Loaded query={projects} loading={<LoadingCards />}>
        {(all) =>
          all.length === 0 ? (
            <EmptyState icon="folder" title={t('projects.empty')} action={mayCreate && create}>
              {t(mayCreate ? 'projects.empty_text' : 'projects.empty_guest')}
            </EmptyState>
          ) : (
            <>
              {all.length >= SEARCH_FROM && (
                <div className={styles.search}>
                  <SearchInput
                    label={t('projects.search')}
                    value={wanted}
                    onChange={(q) => setSearch(q ? { q } : {}, { replace: true })}
                  />
                </div>
              )}
              <ProjectCards
                projects={all}
                wanted={wanted}
                onEdit={setEdited}
                onDelete={setRemoved}
              />
            </>
          )
        }
      </Loaded>
      {isCreating && (
        <ProjectFormDialog
          onClose={() => setCreating(false)}
          onDone={(project) => navigate(`/projects/${project.id}`)}
        />
      )}
      {edited && (
        <ProjectFormDialog
          project={edited}
          onClose={() => setEdited(null)}
          onDone={() => setEdited(null)}
        />
      )}
      {removed && <DeleteProjectDialog project={removed} onClose={() => setRemoved(null)} />}
    </Page>
  )
}

type CardsProps = {
  projects: readonly Project[]
  wanted: string
  onEdit: (project: Project) => void
  onDelete: (project: Project) => void
}

function ProjectCards({ projects, wanted, onEdit, onDelete }: CardsProps) {
  const t = useT()
  const locale = useLocale()
  const me = useMe()
  const needle = wanted.toLocaleLowerCase(locale)
  const found = projects.filter((project) =>
    `${project.name} ${project.description ?? ''}`.toLocaleLowerCase(locale).includes(needle),
  )
  if (!found.length) return <EmptyState icon="search" title={t('projects.none_found')} />
  return (
    <CardGrid min="19rem">
      {found.map((project) => (
        <ProjectCard
          key={project.id}
          project={project}
          onEdit={mayInProject(project, 'manage', me) ? () => onEdit(project) : undefined}
          onDelete={mayInProject(project, 'own', me) ? () => onDelete(project) : undefined}
        />
      ))}
    </CardGrid>
  )
}

function LoadingCards() {
  return (
    <CardGrid min="19rem">
      {Array.from({ length: 6 }, (_, index) => (
        <Skeleton key={index} height="9.5rem" />
      ))}
    </CardGrid>
  )
}
