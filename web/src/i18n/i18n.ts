/* i18n.ts - texts in the language of the reader.  One file per feature and language: en/NAME.json
 * and ko/NAME.json; a key is "NAME.path.in.the.file" and unknown ones do not compile.
 *
 * In components:  const t = useT();  t('projects.created', { name })
 * Outside:        t('projects.created', { name })
 * {count} chooses between "one" and "other" where the message is an object of these. */
import { useSyncExternalStore } from 'react'
import type { Messages } from './en'
import { format, lookup, type Translate, type Values } from './message'

export type { MessageKey, Translate, Values } from './message'

export type Locale = 'ko' | 'en'
export const locales: readonly Locale[] = ['ko', 'en']

/** What every page says; the others come with the pages that say them. */
export const everywhere = ['auth', 'common', 'errors', 'experiments', 'format', 'shell'] as const
type Everywhere = (typeof everywhere)[number]
export type Part = Exclude<keyof Messages, Everywhere>

const files = import.meta.glob<object>('./{en,ko}/*.json', { import: 'default' })

let messages: Record<string, object> = {}
let locale: Locale = preferredLocale()
const listeners = new Set<() => void>()

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

const parts = new Set<string>(everywhere)

async function load(of: Locale, names: readonly string[]): Promise<Record<string, object>> {
  const found = await Promise.all(names.map((name) => files[`./${of}/${name}.json`]!()))
  return Object.fromEntries(names.map((name, index) => [name, found[index]!]))
}

/** Loads the texts and tells everybody; resolves when they are there. */
export async function setLocale(next: Locale, remember = true): Promise<void> {
  let found: Record<string, object> = {}
  const missing = () => [...parts].filter((name) => !(name in found)) // more, meanwhile
  while (missing().length) found = { ...found, ...(await load(next, missing())) }
  messages = found
  locale = next
  if (remember) localStorage.setItem('locale', next)
  document.documentElement.lang = next
  listeners.forEach((listener) => listener())
}

/** The texts of a page, before it is shown; after a change of the language too. */
export async function addWords(...names: readonly Part[]): Promise<void> {
  names.forEach((name) => parts.add(name))
  for (;;) {
    const of = locale
    const found = await load(
      of,
      names.filter((name) => !(name in messages)),
    )
    if (of === locale) return void (messages = { ...messages, ...found })
  }
}

/** A page or a dialog that comes with its texts: withWords(import of './x-page', 'x'). */
export const withWords =
  <T>(get: () => Promise<T>, ...names: readonly Part[]) =>
  async (): Promise<T> =>
    (await Promise.all([get(), addWords(...names)]))[0]

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
