/* job-settings.ts - every setting of a job in rows: what was given, and what the defaults are. */
import type { Schemas } from './client'
import type { Job } from './queries'
import { flatten } from './tree'

export type Setting = {
  name: string
  label: string
  description?: string
  group: string
  value: unknown
  /** given by hand, not by default */
  given: boolean
}

/** A setting's own name, where one is given that other programs use: imgsz, batch. */
export const ownName = (
  name: string,
  fields: readonly { readonly name: string; readonly alias?: unknown }[],
): string => fields.find((field) => field.alias === name)?.name ?? name

/** As POST /training/jobs takes it. */
export const configOf = (job: Job) => ({
  framework: job.framework,
  model_name: job.model_name,
  task_type: job.task_type,
  dataset_id: job.dataset_id,
  dataset_path: job.dataset_id ? undefined : job.dataset_path,
  dataset_format: job.dataset_format,
  epochs: job.epochs,
  batch_size: job.batch_size,
  learning_rate: job.learning_rate,
  optimizer: job.optimizer,
  pretrained: job.pretrained,
  primary_metric: job.primary_metric,
  primary_metric_mode: job.primary_metric_mode,
  advanced_config: job.advanced_config ?? {},
})

const MAIN = 'main'

/** Names that the job itself has; the schema lists some of them again. */
export function settingsOf(job: Job, schema?: Schemas['ConfigSchema']): Setting[] {
  const { advanced_config, ...own } = configOf(job)
  const fields = schema?.schema.fields ?? []
  const given = Object.fromEntries(
    Object.entries(flatten(advanced_config)).map(([name, value]) => [ownName(name, fields), value]),
  )
  // What the job says twice: its own optimizer and learning rate stand where the engine's do not.
  const twice: Record<string, unknown> = {
    'optimizer.type': job.optimizer,
    optimizer_type: job.optimizer, // of detectors
  }
  const hasType = fields.some((field) => field.name in twice)
  const main: Setting[] = Object.entries(own)
    .filter(([name, value]) => value !== undefined && !(name === 'optimizer' && hasType))
    .map(([name, value]) => ({ name, label: name, group: MAIN, value, given: true }))
  const preset = flatten(
    (schema?.presets as Record<string, unknown> | undefined)?.[String(given.preset ?? '')],
  )
  const listed = fields
    .filter(({ name }) => !(name in own) && (name !== 'optimizer.learning_rate' || name in given))
    .map((field) => ({
      name: field.name,
      label: field.label ?? field.name,
      description: (field as { description?: string }).description,
      group: field.group ?? 'rest',
      value: given[field.name] ?? twice[field.name] ?? preset[field.name] ?? field.default,
      given: field.name in given,
    }))
  const names = new Set(listed.map((setting) => setting.name))
  const extra = Object.entries(given)
    .filter(([name]) => !names.has(name))
    .map(([name, value]) => ({ name, label: name, group: 'rest', value, given: true }))
  return [...main, ...listed, ...extra]
}

/** What is the same but for the noise of binary fractions: 0.050000000000000003. */
export function settingText(value: unknown): string {
  if (value === null || value === undefined || value === '') return '-'
  if (typeof value === 'number') return String(Number(value.toPrecision(12)))
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** The same for a whole tree. */
export const rounded = <T>(tree: T): T =>
  JSON.parse(
    JSON.stringify(tree, (_, v) => (typeof v === 'number' ? Number(v.toPrecision(12)) : v)),
  ) as T
