/* job-actions.tsx - the menu of what can be done with a job, and the questions before what cannot
 * be undone.
 *
 *   const actions = useJobActions({ onCloned: (id) => navigate(...) })
 *   <JobMenu job={job} actions={actions} />  <Button onClick={() => actions.run('start', job)}/>
 *   {actions.dialog} */
import { useState } from 'react'
import { errorText } from '@/api/errors'
import { actionsOf, jobName, useJobCommand, type JobAction } from '@/api/jobs'
import type { Job } from '@/api/queries'
import { useT } from '@/i18n/i18n'
import { IconButton } from './button'
import { ConfirmDialog } from './dialog'
import type { IconName } from './icons'
import { Menu, type MenuItem } from './menu'
import { toast } from './toast'

export const jobActionIcons: Record<JobAction, IconName> = {
  start: 'play',
  resume: 'play',
  stop: 'stop',
  dequeue: 'minus',
  cancel: 'close',
  restart: 'restart',
  clone: 'clone',
  delete: 'trash',
}

type JobMenuProps = {
  job: Job
  actions: Pick<ReturnType<typeof useJobActions>, 'items'>
  /** above what can be done with any job */
  first?: readonly (MenuItem | false)[]
}

export function JobMenu({ job, actions, first = [] }: JobMenuProps) {
  const t = useT()
  return (
    <Menu
      trigger={
        <IconButton
          icon="more"
          size="sm"
          label={t('experiments.menu_of', { name: `${jobName(job)} #${job.id}` })}
        />
      }
      items={[...first, ...actions.items(job)]}
    />
  )
}

/** What ends something or throws results away is asked first; the rest can be undone. */
const asksFirst = (action: JobAction, job: Job) =>
  action === 'restart' ||
  action === 'delete' ||
  (action === 'cancel' && (job.status !== 'pending' || job.current_epoch > 0))

type Options = { onCloned?: (id: number) => void; onDeleted?: (job: Job) => void }

export function useJobActions({ onCloned, onDeleted }: Options = {}) {
  const t = useT()
  const command = useJobCommand()
  const [asked, setAsked] = useState<{ action: JobAction; job: Job } | null>(null)

  const send = (action: JobAction, job: Job, force = false) =>
    command.mutate(
      { action, job, force },
      {
        onSuccess: (answer) => {
          setAsked(null)
          const queued = action === 'start' && answer.status === 'pending'
          toast.success(t(queued ? 'experiments.done.queued' : `experiments.done.${action}`))
          if (action === 'clone' && answer.id) onCloned?.(answer.id)
          if (action === 'delete') onDeleted?.(job)
        },
        onError: (error) => {
          // In the dialog the error stands beside the question.
          if (!asksFirst(action, job)) toast.error(errorText(error))
        },
      },
    )
  const run = (action: JobAction, job: Job) => {
    if (command.isPending) return
    command.reset()
    if (asksFirst(action, job)) setAsked({ action, job })
    else send(action, job)
  }
  const items = (job: Job): MenuItem[] =>
    actionsOf(job).flatMap((action): MenuItem[] => [
      ...(action === 'delete' ? (['separator'] as const) : []),
      {
        label: t(`experiments.actions.${action}`),
        icon: jobActionIcons[action],
        danger: action === 'delete',
        onSelect: () => run(action, job),
      },
    ])
  /** Is this one on its way? */
  const isBusy = (action: JobAction, job: Job) =>
    command.isPending && command.variables?.action === action && command.variables.job.id === job.id

  const question = asked && (asked.action as 'cancel' | 'restart' | 'delete')
  const dialog = asked && question && (
    <ConfirmDialog
      onClose={() => setAsked(null)}
      title={t(`experiments.ask.${question}_title`)}
      action={t(`experiments.actions.${question}`)}
      danger={question !== 'restart'}
      running={command}
      onConfirm={() => send(asked.action, asked.job, question !== 'cancel')}
    >
      <p>
        {t(
          question === 'delete' && asked.job.status === 'running'
            ? 'experiments.ask.delete_running_text'
            : `experiments.ask.${question}_text`,
          { name: jobName(asked.job) },
        )}
      </p>
    </ConfirmDialog>
  )
  return { run, items, isBusy, dialog }
}
