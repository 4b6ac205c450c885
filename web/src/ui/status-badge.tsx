import { tMaybe, useT } from '@/i18n/i18n'
import { Badge, type Tone } from './badge'

const looks: Record<string, { tone: Tone; mark: string }> = {
  pending: { tone: 'neutral', mark: '⏳' },
  running: { tone: 'warn', mark: '🟡' },
  completed: { tone: 'good', mark: '✅' },
  failed: { tone: 'danger', mark: '❌' },
  cancelled: { tone: 'orange', mark: '🚫' },
  stopped: { tone: 'info', mark: '⏹' },
}

/** The state of a job, in the words and colours of every list. */
export function StatusBadge({ status }: { status: string }) {
  useT()
  const look = looks[status]
  return (
    <Badge tone={look?.tone} mark={look?.mark}>
      {tMaybe(`common.job_status.${status}`) ?? status}
    </Badge>
  )
}
