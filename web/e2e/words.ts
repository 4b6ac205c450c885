/* words.ts - the texts of the pages in either language, for journeys that are made in both. */
import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { format, lookup, type Translate } from '../src/i18n/message'

/** t('projects.new') as somebody of that language reads it. */
export function wordsOf(locale: 'ko' | 'en'): Translate {
  const folder = join('src/i18n', locale)
  const messages = Object.fromEntries(
    readdirSync(folder)
      .filter((file) => file.endsWith('.json'))
      .map((file) => [
        basename(file, '.json'),
        JSON.parse(readFileSync(join(folder, file), 'utf8')) as object,
      ]),
  )
  return (key, values = {}) => {
    const found = lookup(messages, key)
    if (found === undefined) throw new Error(`no text for ${key} in ${locale}`)
    return format(found, values, locale)
  }
}
