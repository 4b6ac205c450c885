/* config-values.ts - the values of a generated form, without any component.
 *
 * A value is named as in the schema, "optimizer.type".  What a field shows is what the user gave it,
 * else what the preset says, else the schema's default. */
import { flatten, isObject, type Value } from '@/api/tree'

export type { Value }
export type Values = Readonly<Record<string, Value>>

export type ConfigField = {
  name: string
  /** as other programs call it */
  alias?: string
  type: string
  integer?: boolean
  value_type?: string
  label?: string | null
  description?: string | null
  default?: Value
  options?: readonly unknown[]
  min?: number
  max?: number
  step?: number
  group?: string | null
  advanced?: boolean
  required?: boolean
  visible_when?: string | Record<string, Value>
  depends_on?: string | null
}

/** Fields that the form shows elsewhere, or that other values of it say: the learning rate stands
 * beside epochs and batch size, and a preset is merged, not named. */
export const elsewhere: ReadonlySet<string> = new Set(['optimizer.learning_rate', 'preset'])

/** What flatten() was given: {'optimizer.type': 'sgd'} -> {optimizer: {type: 'sgd'}} */
export function nest(flat: Values): Record<string, unknown> {
  const tree: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(flat)) {
    const parts = name.split('.')
    const last = parts.pop()!
    let at = tree
    for (const part of parts) {
      if (!isObject(at[part])) at[part] = {}
      at = at[part] as Record<string, unknown>
    }
    at[last] = value
  }
  return tree
}

export const isSame = (a: unknown, b: unknown) =>
  (a ?? null) === (b ?? null) || JSON.stringify(a) === JSON.stringify(b)

/** What the form would hold if nothing had been typed: the preset over the defaults. */
export function baseValues(fields: readonly ConfigField[], preset: unknown): Record<string, Value> {
  const base: Record<string, Value> = {}
  for (const field of fields) base[field.name] = field.default ?? null
  return Object.assign(base, flatten(preset))
}

/** Is the condition true?  "a.b=x", "a.b!=x", "a.b=x|y", "a.b" (is on), or {"a.b": x}. */
export function holds(condition: ConfigField['visible_when'], values: Values): boolean {
  if (!condition) return true
  if (typeof condition !== 'string')
    return Object.entries(condition).every(([name, wanted]) =>
      Array.isArray(wanted) ? wanted.includes(values[name]) : isSame(values[name], wanted),
    )
  const found = /^\s*([\w.]+)\s*(?:(!?=)=?\s*(.*?))?\s*$/.exec(condition)
  if (!found) return true
  const value = values[found[1]!]
  if (!found[2]) return Boolean(value)
  const isOne = found[3]!.split('|').some((wanted) => String(value) === wanted.trim())
  return found[2] === '=' ? isOne : !isOne
}

export const isVisible = (field: ConfigField, values: Values) =>
  holds(field.visible_when, values) && holds(field.depends_on ?? undefined, values)

/** Of what was typed what this schema or preset has: a model of another family asks for others. */
export function typedValues(
  fields: readonly ConfigField[],
  preset: unknown,
  typed: Values,
): Record<string, Value> {
  const names = new Set([...fields.map((field) => field.name), ...Object.keys(flatten(preset))])
  return Object.fromEntries(Object.entries(typed).filter(([name]) => names.has(name)))
}

/** What is sent: the preset's values and the user's; nothing of fields that do not show. */
export function sentValues(
  fields: readonly ConfigField[],
  preset: unknown,
  typed: Values,
): Record<string, Value> {
  const all = { ...baseValues(fields, preset), ...typed }
  const given = { ...flatten(preset), ...typedValues(fields, preset, typed) }
  const hidden = new Set(fields.filter((f) => !isVisible(f, all)).map((f) => f.name))
  return Object.fromEntries(
    Object.entries(given).filter(([name]) => !hidden.has(name) && !elsewhere.has(name)),
  )
}

export type Problem =
  | { kind: 'needed' }
  | { kind: 'number' }
  | { kind: 'integer' }
  | { kind: 'list' }
  | { kind: 'least'; least: number }
  | { kind: 'most'; most: number }
  | { kind: 'choice'; choices: string }
  | { kind: 'boolean' }

export const isInteger = (field: ConfigField) => field.integer ?? field.value_type === 'int'

export const optionsOf = (field: ConfigField): { value: string; label: string }[] =>
  (field.options ?? []).map((option) =>
    isObject(option)
      ? { value: String(option.value), label: String(option.label ?? option.value) }
      : { value: String(option), label: String(option) },
  )

function checkNumber(value: unknown, field: ConfigField): Problem | null {
  if (typeof value !== 'number' || !Number.isFinite(value)) return { kind: 'number' }
  if (isInteger(field) && !Number.isInteger(value)) return { kind: 'integer' }
  if (field.min !== undefined && value < field.min) return { kind: 'least', least: field.min }
  if (field.max !== undefined && value > field.max) return { kind: 'most', most: field.max }
  return null
}

/** What is wrong with a value, as the server would find it; null: nothing. */
export function check(value: unknown, field: ConfigField): Problem | null {
  if (value === null || value === undefined || value === '')
    return field.required || (field.default ?? null) !== null ? { kind: 'needed' } : null
  if (field.type === 'number') return checkNumber(value, field)
  if (field.type === 'boolean') return typeof value === 'boolean' ? null : { kind: 'boolean' }
  if (field.type === 'array') {
    if (!Array.isArray(value)) return { kind: 'list' }
    for (const item of value) {
      const problem = checkNumber(item, field)
      if (problem) return problem
    }
    return null
  }
  if (field.type !== 'select') return null
  const options = optionsOf(field)
  return options.some((option) => option.value === String(value))
    ? null
    : { kind: 'choice', choices: options.map((option) => option.value).join(', ') }
}

/** Fields by group, in the order of the schema. */
export function grouped(fields: readonly ConfigField[]): [string, ConfigField[]][] {
  const groups = new Map<string, ConfigField[]>()
  for (const field of fields) {
    if (elsewhere.has(field.name)) continue
    const name = field.group || 'other_settings'
    groups.set(name, [...(groups.get(name) ?? []), field])
  }
  return [...groups]
}
