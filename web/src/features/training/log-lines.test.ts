import { describe, expect, it } from 'vitest'
import type { LogLine } from './api'
import { joinLines, matching, textOf, withoutEchoes } from './log-lines'

const row = (id: number, log_type: string, content: string): LogLine => ({
  id,
  job_id: 1,
  log_type,
  content,
  message: content,
  created_at: '2026-01-02T03:04:05Z',
})

describe('log lines', () => {
  const lines = joinLines([], [row(3, 'stderr', 'three'), row(1, 'WARNING', 'one')])
  it('stand in their order, each once', () => {
    const more = joinLines(lines, [row(2, 'stderr', 'one'), row(3, 'stderr', 'three')])
    expect(more.map((l) => [l.id, l.level])).toEqual([
      [1, 'WARNING'],
      [2, 'INFO'],
      [3, 'INFO'],
    ])
    expect(withoutEchoes(more).map((l) => l.id)).toEqual([1, 3])
  })
  it('are found whatever their case', () => {
    expect(matching(lines, ' THR ').map((l) => l.id)).toEqual([3])
    expect(matching(lines, '')).toHaveLength(2)
  })
  it('are copied as text', () => {
    expect(textOf(lines).split('\n')[0]).toBe('2026-01-02T03:04:05Z WARNING one')
  })
})
