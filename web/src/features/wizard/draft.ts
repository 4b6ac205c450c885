/* draft.ts - an experiment in the making: what was chosen and typed, kept in the tab's
 * sessionStorage until it is created.  Numbers are kept as typed when they are not numbers yet. */
import { flatten } from '@/api/tree'
import type { Model, ConfigSchema } from './api'
import { baseValues, check, isSame, isVisible, sentValues, typedValues } from './config-values'
import type { ConfigField, Problem, Value, Values } from './config-values'

export type Draft = {
  framework: string
  model_name: string
  task_type: string
  dataset_id: string | null
  /** instead of a data set: a folder of the server */
  dataset_path: string
  dataset_format: string
  /** absent: what the model or the preset recommends */
  epochs?: Value
  batch_size?: Value
  learning_rate?: Value
  pretrained: boolean
  preset: string | null
  typed: Values
  /** a text of the configuration that does not hold yet */
  text?: { format: 'yaml' | 'json'; source: string } | null
  name: string
  tags: string
  notes: string
  priority: Value
}

export const emptyDraft: Draft = {
  framework: '',
  model_name: '',
  task_type: '',
  dataset_id: null,
  dataset_path: '',
  dataset_format: 'imagefolder',
  pretrained: true,
  preset: null,
  typed: {},
  text: null,
  name: '',
  tags: '',
  notes: '',
  priority: 0,
}

const place = (projectId: number) => `new-experiment:${projectId}`

export function loadDraft(projectId: number): Draft {
  try {
    const stored = JSON.parse(sessionStorage.getItem(place(projectId)) ?? 'null') as Draft | null
    return stored && typeof stored === 'object' ? { ...emptyDraft, ...stored } : emptyDraft
  } catch {
    return emptyDraft
  }
}

export function saveDraft(projectId: number, draft: Draft): void {
  try {
    if (isTouched(draft)) sessionStorage.setItem(place(projectId), JSON.stringify(draft))
    else sessionStorage.removeItem(place(projectId))
  } catch {
    // Storage may be full or forbidden; the form itself still has everything.
  }
}

export const dropDraft = (projectId: number) => sessionStorage.removeItem(place(projectId))

export const isTouched = (draft: Draft) => !isSame(draft, emptyDraft)

const EPOCHS = 50
const BATCH = 16
const LEARNING_RATE = 0.01

/** The three numbers that every run has; they are checked as the server does. */
export const basicFields: readonly ConfigField[] = [
  { name: 'epochs', type: 'number', integer: true, min: 1, max: 1000, default: EPOCHS },
  { name: 'batch_size', type: 'number', integer: true, min: 1, max: 512, default: BATCH },
  { name: 'learning_rate', type: 'number', min: 1e-12, max: 1, default: LEARNING_RATE },
]
export type BasicName = 'epochs' | 'batch_size' | 'learning_rate'
export const basicNames: readonly BasicName[] = ['epochs', 'batch_size', 'learning_rate']

/** What stands in the three when nothing is typed. */
export function basicBase(model: Model | undefined, preset: unknown): Record<BasicName, Value> {
  return {
    epochs: EPOCHS,
    batch_size: model?.recommended_batch_size ?? BATCH,
    learning_rate:
      flatten(preset)['optimizer.learning_rate'] ?? model?.recommended_lr ?? LEARNING_RATE,
  }
}

/** Everything that the configuration step shows. */
export function draftSettings(draft: Draft, model: Model | undefined, schema: ConfigSchema) {
  const preset = (draft.preset && schema.presets[draft.preset]) || null
  const basicBases = basicBase(model, preset)
  const base = baseValues(schema.fields, preset)
  const typed = typedValues(schema.fields, preset, draft.typed)
  const values: Record<string, Value> = { ...base, ...typed }
  const basics = { ...basicBases }
  for (const name of basicNames) {
    const given = draft[name]
    if (given !== undefined) basics[name] = given
  }
  const problems = new Map<string, Problem>()
  for (const field of basicFields) {
    const problem = check(basics[field.name as BasicName], field)
    if (problem) problems.set(field.name, problem)
  }
  for (const field of schema.fields) {
    const problem = isVisible(field, values) && check(values[field.name], field)
    if (problem) problems.set(field.name, problem)
  }
  return { preset, basicBases, basics, base, typed, values, problems }
}

/** What differs from what it would be without typing. */
export function modifiedNames(
  draft: Draft,
  model: Model | undefined,
  schema: ConfigSchema,
): string[] {
  const { base, basicBases, typed } = draftSettings(draft, model, schema)
  return [
    ...basicNames.filter(
      (name) => draft[name] !== undefined && !isSame(draft[name], basicBases[name]),
    ),
    ...Object.keys(typed).filter((name) => !isSame(typed[name], base[name])),
  ]
}

export const tagsOf = (text: string): string[] => [
  ...new Set(
    text
      .split(',')
      .map((tag) => tag.trim())
      .filter(Boolean),
  ),
]

export type JobBody = {
  project_id: number
  experiment_name: string | null
  tags: string[] | null
  notes: string | null
  priority: number
  config: Record<string, unknown>
}

/** Which model on which data set, in the words of a request.  The server knows the format of a data
 * set; of a folder it has to be told. */
export const choiceOf = (draft: Draft) => ({
  framework: draft.framework,
  model_name: draft.model_name,
  task_type: draft.task_type,
  ...(draft.dataset_id
    ? { dataset_id: draft.dataset_id }
    : { dataset_path: draft.dataset_path.trim(), dataset_format: draft.dataset_format }),
})

/** Classifiers and detectors name it differently. */
export const optimizerNames = ['optimizer.type', 'optimizer_type'] as const
const AUTOMATIC = 'auto' // of detectors: no optimizer by itself

/** What is sent to create the job; the same asks what its run will need. */
export function jobBody(
  projectId: number,
  draft: Draft,
  model: Model | undefined,
  schema: ConfigSchema,
  nest: (flat: Values) => Record<string, unknown>,
): JobBody {
  const { preset, basics, values } = draftSettings(draft, model, schema)
  const tags = tagsOf(draft.tags)
  const optimizer = optimizerNames.map((name) => values[name]).find(Boolean)
  const advanced = sentValues(schema.fields, preset, draft.typed)
  // The server has a default of its own for `optimizer`, which only this wins over.
  if (values.optimizer_type) advanced.optimizer_type = values.optimizer_type
  return {
    project_id: projectId,
    experiment_name: draft.name.trim() || null,
    tags: tags.length ? tags : null,
    notes: draft.notes.trim() || null,
    priority: Number(draft.priority) || 0,
    config: {
      ...choiceOf(draft),
      ...basics,
      ...(optimizer && optimizer !== AUTOMATIC ? { optimizer } : {}),
      pretrained: draft.pretrained,
      advanced_config: nest(advanced),
    },
  }
}

/** A model is chosen: numbers that were typed stay, a preset of another framework does not. */
export const withModel = (draft: Draft, model: Model, task?: string): Draft => ({
  ...draft,
  framework: model.framework,
  model_name: model.model_name,
  task_type: task && model.task_types.includes(task) ? task : (model.task_types[0] ?? ''),
  preset: draft.framework === model.framework ? draft.preset : null,
})
