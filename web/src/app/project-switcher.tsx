import { useQuery } from '@tanstack/react-query'
import { projectsQuery } from '@/api/queries'
import { useT } from '@/i18n/i18n'
import { Icon } from '@/ui/icons'
import { Menu, type MenuItem } from '@/ui/menu'
import styles from './shell.module.css'
import { useCurrentProjectId } from './use-current-project'

const SHOWN_MOST = 12

export function ProjectSwitcher() {
  const t = useT()
  const projectId = useCurrentProjectId()
  const projects = useQuery(projectsQuery())
  const all = projects.data ?? []
  const current = all.find((project) => project.id === projectId)
  if (!all.length) return null
  const items: MenuItem[] = [
    ...all.slice(0, SHOWN_MOST).map((project) => ({
      label: project.name,
      to: `/projects/${project.id}`,
      checked: project.id === projectId,
    })),
    'separator',
    { label: t('shell.all_projects'), icon: 'grid', to: '/' },
  ]
  return (
    <Menu
      align="start"
      trigger={
        <button type="button" className={styles.switcher}>
          <Icon name="folder" size={16} />
          <span className={styles.current}>
            <span className="visually-hidden">{t('shell.switch_project')}: </span>
            {current?.name ?? t('shell.choose_project')}
          </span>
          <Icon name="chevronDown" size={14} />
        </button>
      }
      items={items}
    />
  )
}
