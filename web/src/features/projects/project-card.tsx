import { Link } from 'react-router-dom'
import type { Project } from '@/api/queries'
import { tMaybe, useT } from '@/i18n/i18n'
import { Badge, Chip } from '@/ui/badge'
import { IconButton } from '@/ui/button'
import { Icon } from '@/ui/icons'
import { Initial } from '@/ui/initial'
import { Menu } from '@/ui/menu'
import { RelativeTime } from '@/ui/relative-time'
import styles from './project-card.module.css'

type Props = { project: Project; onEdit?: () => void; onDelete?: () => void }

/** The whole card leads to the project; its link is the name. */
export function ProjectCard({ project, onEdit, onDelete }: Props) {
  const t = useT()
  const { id, name, description, task_type, experiment_count, user_role, updated_at, created_at } =
    project
  return (
    <article className={styles.card}>
      <div className={styles.head}>
        <Initial id={id} name={name} />
        <h2 className={styles.name}>
          <Link to={`/projects/${id}`} className={styles.link}>
            {name}
          </Link>
        </h2>
        {(onEdit || onDelete) && (
          <span className={styles.menu}>
            <Menu
              trigger={
                <IconButton
                  icon="more"
                  size="sm"
                  label={t('projects.actions_of', { name: name ?? '' })}
                />
              }
              items={[
                onEdit && { label: t('common.edit'), icon: 'edit', onSelect: onEdit },
                onDelete && {
                  label: t('common.delete'),
                  icon: 'trash',
                  danger: true,
                  onSelect: onDelete,
                },
              ]}
            />
          </span>
        )}
      </div>
      <p className={styles.description}>{description || t('projects.no_description')}</p>
      <div className={styles.foot}>
        <span className={styles.count}>
          <Icon name="chart" size={15} />
          {t('projects.experiments', { count: experiment_count })}
        </span>
        {task_type && <Chip>{tMaybe(`experiments.tasks.${task_type}`) ?? task_type}</Chip>}
        {user_role && user_role !== 'owner' && (
          <Badge>{tMaybe(`members.roles.${user_role}`) ?? user_role}</Badge>
        )}
        <span className={styles.time}>
          <RelativeTime time={updated_at ?? created_at} />
        </span>
      </div>
    </article>
  )
}
