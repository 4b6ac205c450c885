/* curve-looks.tsx - what stands above line charts: which metrics, and how their lines are drawn. */
import { formatNumber } from '@/i18n/format'
import { useT } from '@/i18n/i18n'
import { Slider } from '@/ui/slider'
import { Switch } from '@/ui/switch'
import styles from './curve-looks.module.css'
import { metricLabel } from './metric-names'

export type Looks = { smoothing: number; log: boolean }
export const plainLooks: Looks = { smoothing: 0, log: false }

type Props = { looks: Looks; onChange: (looks: Looks) => void }

export function CurveLooks({ looks, onChange }: Props) {
  const t = useT()
  return (
    <div className={styles.looks}>
      <Slider
        label={t('charts.smoothing')}
        value={looks.smoothing}
        max={0.95}
        format={(v) => formatNumber(v, 2)}
        onChange={(smoothing) => onChange({ ...looks, smoothing })}
      />
      <Switch
        checked={looks.log}
        onChange={(log) => onChange({ ...looks, log })}
        words={t('charts.log_scale')}
      />
    </div>
  )
}

type ToggleProps = { name: string; on: boolean; onToggle: () => void }

export function MetricToggle({ name, on, onToggle }: ToggleProps) {
  return (
    <button type="button" className={styles.metric} aria-pressed={on} onClick={onToggle}>
      {metricLabel(name)}
    </button>
  )
}
