import { useQuery } from '@tanstack/react-query'
import { NavLink } from 'react-router-dom'
import { projectQuery, useMe } from '@/api/queries'
import { hasRole, mayInProject } from '@/api/roles'
import { useT, type MessageKey } from '@/i18n/i18n'
import { Icon, type IconName } from '@/ui/icons'
import styles from './shell.module.css'
import { useCurrentProjectId } from './use-current-project'

type Entry = { to: string; label: MessageKey; icon: IconName; end?: boolean }

const everywhere: Entry[] = [
  { to: '/', label: 'shell.projects', icon: 'grid', end: true },
  { to: '/queue', label: 'shell.queue', icon: 'queue' },
]

const ofProject = (id: number, mayWork: boolean): Entry[] => [
  { to: `/projects/${id}`, label: 'shell.experiments', icon: 'chart', end: true },
  ...(mayWork
    ? [{ to: `/projects/${id}/new`, label: 'shell.new_experiment', icon: 'plus' } as Entry]
    : []),
  { to: `/projects/${id}/datasets`, label: 'shell.datasets', icon: 'images' },
  { to: `/projects/${id}/inference`, label: 'shell.inference', icon: 'target' },
  { to: `/projects/${id}/members`, label: 'shell.members', icon: 'users' },
]

export function Navigation({ onNavigate }: { onNavigate?: () => void }) {
  const t = useT()
  const me = useMe()
  const projectId = useCurrentProjectId()
  const project = useQuery({ ...projectQuery(projectId ?? 0), enabled: projectId !== null })

  const entry = ({ to, label, icon, end }: Entry) => (
    <li key={to}>
      <NavLink to={to} end={end} className={styles.entry} onClick={onNavigate}>
        <Icon name={icon} />
        {t(label)}
      </NavLink>
    </li>
  )
  return (
    <nav className={styles.nav} aria-label={t('shell.navigation')}>
      <ul>{everywhere.map(entry)}</ul>
      {projectId !== null && (
        <div>
          <p className={styles.section} title={project.data?.name ?? undefined}>
            {project.data?.name ?? ' '}
          </p>
          <ul>{ofProject(projectId, mayInProject(project.data, 'work', me)).map(entry)}</ul>
        </div>
      )}
      <ul className={styles.last}>
        {hasRole(me, 'manager') && entry({ to: '/admin', label: 'shell.admin', icon: 'shield' })}
        {entry({ to: '/guide', label: 'shell.guide', icon: 'help' })}
      </ul>
    </nav>
  )
}
