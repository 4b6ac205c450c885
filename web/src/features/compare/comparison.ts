/* comparison.ts - runs beside each other: where their settings differ, what each reached at best. */
import type { Schemas } from '@/api/client'
import { settingsOf, settingText, type Setting } from '@/api/job-settings'
import type { Job } from '@/api/queries'
import { kindOf } from '@/charts/metric-groups'

export type Series = Schemas['Series']
type Best = { value: number; at: number }

/** Greater is better for shares, less for losses; of other metrics the last value counts. */
export function bestOf(series: Series | undefined): Best | null {
  if (!series) return null
  const kind = kindOf(series.name)
  const column = kind === 'share' ? series.max : kind === 'loss' ? series.min : series.last
  let best: Best | null = null
  column.forEach((value, i) => {
    if (typeof value !== 'number') return
    const isBetter =
      !best || kind === 'other' || (kind === 'share' ? value > best.value : value < best.value)
    if (isBetter) best = { value, at: series.x[i]! }
  })
  return best
}

/** The places of the best among several runs; none where they are all alone or equal. */
export function winners(name: string, values: readonly (Best | null)[]): Set<number> {
  const known = values.flatMap((best, i) => (best ? [{ value: best.value, i }] : []))
  const kind = kindOf(name)
  if (kind === 'other' || known.length < 2) return new Set()
  const top = (kind === 'share' ? Math.max : Math.min)(...known.map((k) => k.value))
  const won = known.filter((k) => k.value === top)
  return new Set(won.length === known.length ? [] : won.map((k) => k.i))
}

export type SettingRow = {
  name: string
  label: string
  group: string
  /** one per run; undefined: the run has no such setting */
  values: (Setting['value'] | undefined)[]
  differs: boolean
}

export function settingRows(
  jobs: readonly Job[],
  schemaOf: (job: Job) => Schemas['ConfigSchema'] | undefined,
): SettingRow[] {
  const rows = new Map<string, SettingRow>()
  jobs.forEach((job, run) => {
    for (const { name, label, group, value } of settingsOf(job, schemaOf(job))) {
      const row = rows.get(name) ?? {
        name,
        label,
        group,
        values: jobs.map(() => undefined),
        differs: false,
      }
      row.values[run] = value
      rows.set(name, row)
    }
  })
  return [...rows.values()].map((row) => ({
    ...row,
    differs: new Set(row.values.map(settingText)).size > 1,
  }))
}

/** "1,2,x,2" -> [1, 2] */
export const idsOf = (text: string | null, most: number): number[] =>
  [...new Set((text ?? '').split(',').map(Number))]
    .filter((id) => Number.isInteger(id) && id > 0)
    .slice(0, most)
