/* config-text.ts - the configuration as one text, to be copied, kept and pasted: YAML or JSON. */
import { ownName } from '@/api/job-settings'
import { flatten } from '@/api/tree'
import { fromYaml, toYaml, YamlError, type YamlReason } from '@/api/yaml'
import type { ConfigSchema, Model } from './api'
import {
  check,
  elsewhere,
  isSame,
  nest,
  sentValues,
  type Problem,
  type Value,
} from './config-values'
import { basicFields, basicNames, draftSettings, type BasicName, type Draft } from './draft'

export type TextFormat = 'yaml' | 'json'

/** What differs from the defaults, and the numbers that every run has. */
export function configText(
  draft: Draft,
  model: Model | undefined,
  schema: ConfigSchema,
  format: TextFormat,
): string {
  const { preset, basics } = draftSettings(draft, model, schema)
  const tree = {
    ...basics,
    pretrained: draft.pretrained,
    ...nest(sentValues(schema.fields, preset, draft.typed)),
  }
  return format === 'json' ? JSON.stringify(tree, null, 2) + '\n' : toYaml(tree)
}

export type TextProblem =
  | { kind: 'syntax'; line: number | null; reason: YamlReason | 'json' }
  | { kind: 'mapping' }
  | { kind: 'unknown'; name: string }
  | { kind: 'value'; name: string; problem: Problem }

type Result = { change?: Partial<Draft>; problems: TextProblem[] }

function parse(source: string, format: TextFormat): unknown {
  return format === 'json' ? JSON.parse(source || '{}') : fromYaml(source)
}

function syntaxProblem(error: unknown, source: string): TextProblem {
  if (error instanceof YamlError) return { kind: 'syntax', line: error.line, reason: error.reason }
  const position = /position (\d+)/.exec(String(error))?.[1]
  const line = position ? source.slice(0, Number(position)).split('\n').length : null
  return { kind: 'syntax', line, reason: 'json' }
}

/** A whole request may be pasted: what it says about anything else is left out. */
const ofRequest = new Set(
  (
    'project_id session_id experiment_name tags notes priority framework model_name task_type ' +
    'dataset_id dataset_path dataset_format num_classes optimizer'
  ).split(' '),
)

/** The change that makes a draft say what the text says; what the text leaves out is as it would be
 * without any typing. */
export function readConfigText(
  source: string,
  format: TextFormat,
  draft: Draft,
  model: Model | undefined,
  schema: ConfigSchema,
): Result {
  let tree: unknown
  try {
    tree = parse(source, format)
  } catch (error) {
    return { problems: [syntaxProblem(error, source)] }
  }
  if (typeof tree !== 'object' || tree === null || Array.isArray(tree))
    return { problems: [{ kind: 'mapping' }] }
  const flat: Record<string, Value> = {}
  for (const [name, value] of Object.entries(flatten(tree))) {
    const inner = name.replace(/^(config\.)?(advanced_config\.)?/, '')
    if (!ofRequest.has(inner)) flat[inner] = value
  }

  const { basicBases, base } = draftSettings(draft, model, schema)
  const fields = new Map([...schema.fields, ...basicFields].map((field) => [field.name, field]))
  const change: Partial<Draft> = { text: null, typed: {} }
  for (const name of basicNames) change[name] = undefined
  const typed: Record<string, Value> = {}
  const problems: TextProblem[] = []
  if ('optimizer.learning_rate' in flat) {
    flat.learning_rate ??= flat['optimizer.learning_rate']!
    delete flat['optimizer.learning_rate']
  }
  for (const [given, value] of Object.entries(flat)) {
    const name = ownName(given, schema.fields)
    if (name === 'pretrained' && typeof value === 'boolean') {
      change.pretrained = value
      continue
    }
    const field = fields.get(name)
    if (!field || elsewhere.has(name)) {
      problems.push({ kind: 'unknown', name })
      continue
    }
    const problem = check(value, field)
    if (problem) problems.push({ kind: 'value', name, problem })
    else if ((basicNames as readonly string[]).includes(name)) {
      if (!isSame(value, basicBases[name as BasicName])) change[name as BasicName] = value
    } else if (!isSame(value, base[name])) typed[name] = value
  }
  return problems.length ? { problems } : { change: { ...change, typed }, problems: [] }
}
