/* message.ts - finding a text by its key and filling it in; needs no page around it. */
import type { Messages } from './en'

type Plural = { one?: string; other: string }
type Keys<T> = {
  [K in keyof T & string]: T[K] extends string | Plural ? K : `${K}.${Keys<T[K]>}`
}[keyof T & string]
export type MessageKey = Keys<Messages>
export type Values = Record<string, string | number>
export type Translate = (key: MessageKey, values?: Values) => string

/** The value at "a.b.c", or undefined. */
export function lookup(tree: unknown, key: string): string | Plural | undefined {
  let at: unknown = tree
  for (const part of key.split('.')) {
    if (typeof at !== 'object' || at === null) return undefined
    at = (at as Record<string, unknown>)[part]
  }
  return at as string | Plural | undefined
}

export function format(found: string | Plural, values: Values, language: string): string {
  const rule = new Intl.PluralRules(language).select(Number(values.count ?? 0))
  const text =
    typeof found === 'string' ? found : ((rule === 'one' ? found.one : undefined) ?? found.other)
  return text.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name]
    return typeof value === 'number' ? value.toLocaleString(language) : String(value ?? '')
  })
}
