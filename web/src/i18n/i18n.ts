/* i18n.ts - texts in the language of the reader.  One file per feature and language: en/NAME.json
 * and ko/NAME.json; a key is "NAME.path.in.the.file" and unknown ones do not compile.
 *
 * In components:  const t = useT();  t('projects.created', { name })
 * Outside:        t('projects.created', { name })
 * {count} chooses between "one" and "other" where the message is an object of these. */
import { useSyncExternalStore } from 'react'
import type { Messages } from './en'

export type Locale = 'ko' | 'en'
export const locales: readonly Locale[] = ['ko', 'en']

type Plural = { one?: string; other: string }
type Keys<T> = {
  [K in keyof T & string]: T[K] extends string | Plural ? K : `${K}.${Keys<T[K]>}`
}[keyof T & string]
export type MessageKey = Keys<Messages>
export type Values = Record<string, string | number>
export type Translate = (key: MessageKey, values?: Values) => string

const loaders: Record<Locale, () => Promise<{ default: object }>> = {
  en: () => import('./en'),
  ko: () => import('./ko'),
}

let messages: object = {}
let locale: Locale = 'en'
const listeners = new Set<() => void>()

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

export const t: Translate = (key, values = {}) => {
  const found = lookup(messages, key)
  return found === undefined ? key : format(found, values, locale)
}

/** For keys that are made at run time, such as codes of the server. */
export function tMaybe(key: string, values: Values = {}): string | undefined {
  const found = lookup(messages, key)
  return typeof found === 'string' || (found && 'other' in found)
    ? format(found, values, locale)
    : undefined
}

export const getLocale = () => locale

export function preferredLocale(): Locale {
  const stored = localStorage.getItem('locale')
  if (stored === 'ko' || stored === 'en') return stored
  return navigator.language.toLowerCase().startsWith('ko') ? 'ko' : 'en'
}

/** Loads the texts and tells everybody; resolves when they are there. */
export async function setLocale(next: Locale, remember = true): Promise<void> {
  messages = (await loaders[next]()).default
  locale = next
  if (remember) localStorage.setItem('locale', next)
  document.documentElement.lang = next
  listeners.forEach((listener) => listener())
}

const subscribe = (listener: () => void) => {
  listeners.add(listener)
  return () => void listeners.delete(listener)
}

export const useLocale = () => useSyncExternalStore(subscribe, getLocale)

/** t of the language that is shown; the component renders again when that changes. */
export function useT(): Translate {
  useLocale()
  return t
}
