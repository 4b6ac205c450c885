import { useState } from 'react'
import { useNavigate } from 'react-router-dom'
import { errorText } from '@/api/errors'
import type { Job } from '@/api/queries'
import { useT } from '@/i18n/i18n'
import { Banner } from '@/ui/banner'
import { Button, ButtonLink, IconButton } from '@/ui/button'
import { ConfirmDialog } from '@/ui/dialog'
import { Menu, type MenuItem } from '@/ui/menu'
import { toast } from '@/ui/toast'
import { useDeleteJob, useJobAction, type JobAction } from './api'
import { DescribeDialog } from './describe-dialog'

type Question = 'stop' | 'cancel' | 'restart' | 'delete'

/** What each state allows, the likeliest first. */
const mainActions: Record<string, JobAction[]> = {
  pending: ['start'],
  running: ['stop'],
  stopped: ['resume'],
  failed: ['resume'],
  cancelled: ['restart'],
  completed: [],
}

/** In the queue a job is pending and has been started already. */
export const isQueued = (job: Job) => job.status === 'pending' && Boolean(job.queued_at)

type Props = { job: Job; mayWork: boolean; hasCheckpoint: boolean }

export function JobActions({ job, mayWork, hasCheckpoint }: Props) {
  const t = useT()
  const navigate = useNavigate()
  const run = useJobAction(job.id)
  const remove = useDeleteJob(job.id)
  const [question, setQuestion] = useState<Question | null>(null)
  const [isDescribing, setDescribing] = useState(false)
  const queued = isQueued(job)
  const isOver = ['completed', 'failed', 'stopped', 'cancelled'].includes(job.status)

  const act = (action: JobAction) =>
    run.mutate(action, {
      onSuccess: (answer) => {
        setQuestion(null)
        toast.success(t(`training.done.${action}`))
        if (action === 'clone') navigate(`/training/${answer.id}`)
      },
      onError: (error) => {
        if (!question) toast.error(errorText(error))
      },
    })
  const ask = (action: JobAction) =>
    action === 'stop' || action === 'cancel' || action === 'restart'
      ? setQuestion(action)
      : act(action)
  const confirm = () => {
    if (question !== 'delete') return question && act(question)
    remove.mutate(undefined, {
      onSuccess: () => {
        toast.success(t('training.done.delete'))
        navigate(`/projects/${job.project_id}`)
      },
    })
  }

  const main = queued
    ? []
    : (mainActions[job.status] ?? []).map((a) => (a === 'resume' && !hasCheckpoint ? 'restart' : a))
  const icons = { start: 'play', resume: 'play', stop: 'stop', restart: 'restart' } as const
  const items: (MenuItem | false)[] = [
    mayWork &&
      (queued || job.status === 'running') && {
        label: t('training.cancel'),
        icon: 'close',
        onSelect: () => ask('cancel'),
      },
    mayWork &&
      isOver &&
      !main.includes('restart') && {
        label: t('training.restart'),
        icon: 'restart',
        onSelect: () => ask('restart'),
      },
    mayWork && { label: t('training.clone'), icon: 'clone', onSelect: () => act('clone') },
    mayWork && { label: t('training.describe'), icon: 'edit', onSelect: () => setDescribing(true) },
    {
      label: t('training.compare'),
      icon: 'compare',
      to: `/projects/${job.project_id}/compare?jobs=${job.id}`,
    },
    mayWork && job.status !== 'running' && 'separator',
    mayWork &&
      job.status !== 'running' && {
        label: t('common.delete'),
        icon: 'trash',
        danger: true,
        onSelect: () => setQuestion('delete'),
      },
  ]
  const problem = question === 'delete' ? remove.error : run.error
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
      {mayWork && queued && (
        <Button icon="close" busy={run.isPending} onClick={() => ask('cancel')}>
          {t('training.leave_queue')}
        </Button>
      )}
      {mayWork &&
        main.map((action) => (
          <Button
            key={action}
            icon={icons[action as keyof typeof icons]}
            variant={action === 'stop' ? 'secondary' : 'primary'}
            busy={run.isPending}
            onClick={() => ask(action)}
          >
            {t(`training.${action}`)}
          </Button>
        ))}
      <Menu
        trigger={
          <IconButton icon="more" variant="secondary" label={t('training.more_actions')} />
        }
        items={items}
      />
      {question && (
        <ConfirmDialog
          open
          onOpenChange={(open) => !open && setQuestion(null)}
          title={t(`training.ask.${question}`)}
          action={question === 'delete' ? t('common.delete') : t(`training.${question}`)}
          danger={question !== 'stop'}
          busy={run.isPending || remove.isPending}
          onConfirm={confirm}
        >
          {problem ? <Banner tone="danger">{errorText(problem)}</Banner> : null}
          <p>{t(`training.ask_text.${question}`)}</p>
        </ConfirmDialog>
      )}
      {isDescribing && <DescribeDialog job={job} onClose={() => setDescribing(false)} />}
    </>
  )
}
