import { useQueries, useQuery } from '@tanstack/react-query'
import type { Schemas } from '@/api/client'
import { membersQuery, projectsQuery, useMe, type Job } from '@/api/queries'
import { mayInProject } from '@/api/roles'
import { useChannel } from '@/api/stream'
import { useT } from '@/i18n/i18n'
import { Badge } from '@/ui/badge'
import { Card } from '@/ui/card'
import { useJobActions } from '@/ui/job-actions'
import { Page } from '@/ui/page'
import { EmptyState, Loaded } from '@/ui/states'
import { queueQuery } from './api'
import { RunningJob } from './running-job'
import { WaitingTable } from './waiting-table'
import styles from './queue.module.css'

type Queue = Schemas['Queue']

const NAMES_STALE_MS = 5 * 60_000

export default function QueuePage() {
  const t = useT()
  const queue = useQuery(queueQuery())
  return (
    <Page
      title={t('queue.title')}
      description={queue.data && t('queue.lead', { count: queue.data.running_limit })}
    >
      <Loaded query={queue}>{(found) => <QueueContent queue={found} />}</Loaded>
    </Page>
  )
}

/** Frames of a project reach the cache as long as somebody listens. */
function Follow({ projectId }: { projectId: number }) {
  useChannel(`project:${projectId}`)
  return null
}

/** Who asked for a job: the members of its project are known to all who may see it. */
function useNames(projectIds: readonly number[]) {
  const members = useQueries({
    queries: projectIds.map((id) => ({ ...membersQuery(id), staleTime: NAMES_STALE_MS })),
  })
  const names = new Map<number, string>()
  for (const { data } of members)
    for (const member of data ?? []) names.set(member.user_id, member.full_name || member.email)
  return (job: Job) => names.get(job.user_id ?? 0) ?? null
}

function QueueContent({ queue }: { queue: Queue }) {
  const t = useT()
  const me = useMe()
  const actions = useJobActions()
  const projects = useQuery(projectsQuery())
  const jobs = [...queue.running, ...queue.jobs]
  const projectIds = [...new Set(jobs.map((job) => job.project_id))]
  const nameOf = useNames(projectIds)
  const mayWork = (job: Job) =>
    mayInProject(
      projects.data?.find(({ id }) => id === job.project_id),
      'work',
      me,
    )
  return (
    <>
      {projectIds.map((id) => (
        <Follow key={id} projectId={id} />
      ))}
      <Card
        title={t('queue.running')}
        actions={
          <Badge tone={queue.running_total ? 'warn' : 'neutral'}>
            {t('queue.running_count', {
              running: queue.running_total,
              limit: queue.running_limit,
            })}
          </Badge>
        }
      >
        {queue.running.length ? (
          <div className={styles.running}>
            {queue.running.map((job) => (
              <RunningJob
                key={job.id}
                job={job}
                by={nameOf(job)}
                actions={mayWork(job) ? actions : null}
              />
            ))}
          </div>
        ) : (
          queue.running_total === 0 && <p className={styles.quiet}>{t('queue.running_empty')}</p>
        )}
        <Hidden count={queue.running_total - queue.running.length} />
      </Card>
      <Card title={t('queue.waiting')} actions={<Badge>{queue.total}</Badge>} flush>
        {queue.jobs.length ? (
          <WaitingTable
            jobs={queue.jobs}
            nameOf={nameOf}
            actionsFor={(job) => (mayWork(job) ? actions : null)}
          />
        ) : (
          queue.total === 0 && (
            <EmptyState icon="queue" title={t('queue.empty')}>
              {t('queue.empty_text')}
            </EmptyState>
          )
        )}
        <Hidden count={queue.total - queue.jobs.length} />
      </Card>
      {actions.dialog}
    </>
  )
}

function Hidden({ count }: { count: number }) {
  const t = useT()
  return count > 0 ? <p className={styles.hidden}>{t('queue.hidden', { count })}</p> : null
}
