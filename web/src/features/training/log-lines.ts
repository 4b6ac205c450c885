/* log-lines.ts - a log as it is read: pages joined in the order of their numbers, levels, and the
 * same sentence only once where the engine both reported and printed it. */
import type { LogLine } from './api'

type Level = 'DEBUG' | 'INFO' | 'WARNING' | 'ERROR'
export type Line = { id: number; level: Level; text: string; time: string | null }

const levels: Record<string, Level> = {
  debug: 'DEBUG', info: 'INFO', warning: 'WARNING', error: 'ERROR', stdout: 'INFO', stderr: 'INFO',
} // prettier-ignore

const toLine = (row: LogLine): Line => ({
  id: row.id,
  level: levels[row.log_type.toLowerCase()] ?? 'INFO',
  text: row.content,
  time: row.created_at ?? null,
})

const NEAR = 3

/** Both in the order of their numbers; a line that is there already is not added. */
export function joinLines(old: readonly Line[], rows: readonly LogLine[]): Line[] {
  const all = new Map(old.map((line) => [line.id, line]))
  for (const row of rows) all.set(row.id, toLine(row))
  return [...all.values()].sort((a, b) => a.id - b.id)
}

/** Without echoes: what the engine reports as a warning also stands in what it prints. */
export function withoutEchoes(lines: readonly Line[]): Line[] {
  return lines.filter((line, i) => {
    if (line.level !== 'INFO') return true
    const near = lines.slice(Math.max(0, i - NEAR), i + NEAR + 1)
    return !near.some((other) => other.level !== 'INFO' && other.text === line.text)
  })
}

export function matching(lines: readonly Line[], search: string): Line[] {
  const needle = search.trim().toLocaleLowerCase()
  return needle ? lines.filter((l) => l.text.toLocaleLowerCase().includes(needle)) : [...lines]
}

/** For the clipboard. */
export const textOf = (lines: readonly Line[]) =>
  lines.map((l) => `${l.time ?? ''} ${l.level} ${l.text}`.trim()).join('\n')
