import { useState } from 'react'
import { useNavigate } from 'react-router-dom'
import { actionsOf, type JobAction } from '@/api/jobs'
import type { Job } from '@/api/queries'
import { useT } from '@/i18n/i18n'
import { Button, ButtonLink, IconButton } from '@/ui/button'
import { jobActionIcons, useJobActions } from '@/ui/job-actions'
import { Menu, type MenuItem } from '@/ui/menu'
import { DescribeDialog } from './describe-dialog'

/** What stands outside the menu, the likeliest of each state. */
const shown: JobAction[] = ['start', 'resume', 'stop', 'dequeue']
const primary: JobAction[] = ['start', 'resume', 'restart']

type Props = { job: Job; mayWork: boolean; hasCheckpoint: boolean }

export function JobButtons({ job, mayWork, hasCheckpoint }: Props) {
  const t = useT()
  const navigate = useNavigate()
  const [isDescribing, setDescribing] = useState(false)
  const actions = useJobActions({
    onCloned: (id) => navigate(`/training/${id}`),
    onDeleted: () => navigate(`/projects/${job.project_id}`),
  })
  const own: MenuItem[] = [
    {
      label: t('training.compare'),
      icon: 'compare',
      to: `/projects/${job.project_id}/compare?jobs=${job.id}`,
    },
  ]
  if (mayWork)
    own.unshift({
      label: t('training.describe'),
      icon: 'edit',
      onSelect: () => setDescribing(true),
    })
  const possible = mayWork ? actionsOf(job) : []
  const main = possible.filter((action) => shown.includes(action))
  // Nothing else leads on from here.
  if (!main.length && ['failed', 'cancelled'].includes(job.status) && mayWork) main.push('restart')
  return (
    <>
      {hasCheckpoint && (
        <ButtonLink
          icon="wand"
          variant={job.status === 'completed' ? 'primary' : 'secondary'}
          to={`/projects/${job.project_id}/inference?job=${job.id}`}
        >
          {t('training.predict')}
        </ButtonLink>
      )}
      {main.map((action) => (
        <Button
          key={action}
          icon={jobActionIcons[action]}
          variant={primary.includes(action) ? 'primary' : 'secondary'}
          busy={actions.isBusy(action, job)}
          onClick={() => actions.run(action, job)}
        >
          {t(`experiments.actions.${action}`)}
        </Button>
      ))}
      <Menu
        trigger={<IconButton icon="more" variant="secondary" label={t('training.more_actions')} />}
        items={[...own, mayWork && 'separator', ...(mayWork ? actions.items(job) : [])]}
      />
      {actions.dialog}
      {isDescribing && <DescribeDialog job={job} onClose={() => setDescribing(false)} />}
    </>
  )
}
