import { useState } from 'react'
import type { Job } from '@/api/queries'
import { useChannel, type StepFrame } from '@/api/stream'
import { formatBytes, formatDuration, formatMetric, formatNumber } from '@/i18n/format'
import { useT } from '@/i18n/i18n'
import { Card, Stat, StatRow } from '@/ui/card'
import { ProgressBar } from '@/ui/progress-bar'
import styles from './progress-card.module.css'

type Now = {
  epoch: number
  step: number | null
  steps: number | null
  speed: number | null
  memory: number | null
  rate: number | null
  eta: number | null
}

const number = (value: unknown) => (typeof value === 'number' ? value : null)

/** How far the training is, within the epoch too; from what the engine reports a few times a second. */
export function ProgressCard({ job }: { job: Job }) {
  const t = useT()
  const [live, setLive] = useState<Now | null>(null)
  useChannel(`experiment:${job.id}`, (frame) => {
    if (frame.type !== 'training_step') return
    const step = frame as StepFrame & { learning_rate?: number | null }
    setLive({
      epoch: step.epoch,
      step: number(step.step),
      steps: number(step.steps),
      speed: number(step.images_per_second),
      memory: number(step.rss_mb),
      rate: number(step.learning_rate),
      eta: number(step.eta_s),
    })
  })
  const now: Now = live ?? {
    epoch: job.current_epoch + 1,
    step: number(job.step),
    steps: number(job.steps),
    speed: number(job.images_per_second),
    memory: null,
    rate: null,
    eta: number(job.eta_seconds),
  }
  const within = now.step !== null && now.steps ? Math.min(1, now.step / now.steps) : null
  const epoch = Math.min(now.epoch, job.total_epochs)
  const done = Math.max(job.current_epoch, epoch - 1 + (within ?? 0))
  return (
    <Card title={t('training.progress')}>
      <div className={styles.card}>
        <div className={styles.bar}>
          <span>{t('training.whole')}</span>
          <ProgressBar
            value={job.total_epochs ? done / job.total_epochs : null}
            label={t('training.whole')}
            showPercent
          />
        </div>
        <div className={styles.bar}>
          <span>{t('training.this_epoch', { epoch, total: job.total_epochs })}</span>
          <ProgressBar
            value={within}
            size="sm"
            label={t('training.this_epoch', { epoch, total: job.total_epochs })}
            showPercent
          />
        </div>
        <StatRow>
          <Stat label={t('training.eta')} value={formatDuration(now.eta)} />
          <Stat
            label={t('training.speed')}
            value={now.speed === null ? '-' : formatNumber(now.speed, now.speed < 100 ? 1 : 0)}
            hint={t('training.images_per_second')}
          />
          <Stat
            label={t('training.memory')}
            value={now.memory === null ? '-' : formatBytes(now.memory * 1e6)}
          />
          <Stat
            label={t('training.learning_rate')}
            value={formatMetric(now.rate ?? job.learning_rate)}
          />
        </StatRow>
      </div>
    </Card>
  )
}
