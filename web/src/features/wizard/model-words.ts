/* model-words.ts - what the engine says of its models, in the reader's language.  It says it in
 * English; a text without a Korean one stays as it is. */
import { useEffect } from 'react'
import { createStore, useStore } from '@/api/store'
import { getLocale, useLocale } from '@/i18n/i18n'

const korean = createStore<Record<string, string>>({})

async function load(): Promise<void> {
  if (getLocale() === 'ko') korean.set((await import('./model-words.ko.json')).default)
}

// Before the first text is shown; without them there are the English ones.
await load().catch(() => undefined)

export function useModelWords(): (text: string) => string {
  const locale = useLocale()
  const words = useStore(korean)
  useEffect(() => void load().catch(() => undefined), [locale])
  return (text) => (locale === 'ko' && words[text]) || text
}
