import { jobName } from '@/api/jobs'
import { settingText } from '@/api/job-settings'
import type { Job } from '@/api/queries'
import { metricAxisFormat, metricLabel } from '@/charts/metric-names'
import { ParallelCoordinates } from '@/charts/parallel'
import type { Axis } from '@/charts/parallel-scale'
import { palette } from '@/charts/series'
import { useT } from '@/i18n/i18n'
import { Card } from '@/ui/card'
import { settingLabel } from '@/ui/setting-label'
import { bestOf, type Series, type SettingRow } from './comparison'

const AXES_MOST = 7
const WORDS_MOST = 8

type Props = {
  jobs: readonly Job[]
  names: readonly string[]
  rows: readonly SettingRow[]
  seriesOf: (job: Job, name: string) => Series | undefined
}

/** Which settings go with which results: an axis for each setting that differs. */
export function RunsParallel({ jobs, names, rows, seriesOf }: Props) {
  const t = useT()
  const settings = rows
    .filter(
      (row) =>
        row.differs &&
        new Set(row.values.map(settingText)).size <= Math.max(WORDS_MOST, jobs.length),
    )
    .slice(0, AXES_MOST)
    .map((row): Axis => ({
      id: row.name,
      label: settingLabel(row),
      values: row.values.map((v) => (typeof v === 'number' ? v : settingText(v))),
    }))
  const results = names.map((name): Axis => ({
    id: `metric ${name}`,
    label: metricLabel(name),
    values: jobs.map((job) => bestOf(seriesOf(job, name))?.value ?? null),
    format: metricAxisFormat(name),
  }))
  const axes = [...settings, ...results].filter((axis) => axis.values.some((v) => v !== null))
  if (axes.length < 2) return null
  return (
    <Card title={t('compare.parallel')}>
      <ParallelCoordinates
        label={t('compare.parallel')}
        axes={axes}
        lines={jobs.map((job, index) => ({
          id: String(job.id),
          label: jobName(job),
          color: palette[index % palette.length]!,
        }))}
      />
    </Card>
  )
}
