import { beforeAll, describe, expect, it } from 'vitest'
import { formatBytes, formatDuration, formatMetric, formatPercent, formatRelative } from './format'
import { setLocale } from './i18n'

describe('formats in Korean', () => {
  beforeAll(() => setLocale('ko'))

  it('of shares: nothing is a dash, zero is a number', () => {
    expect([null, 0, 0.8734].map((v) => formatPercent(v))).toEqual(['-', '0.0%', '87.3%'])
    expect(formatPercent(0.8734, 2)).toBe('87.34%')
  })
  it('of sizes', () => {
    expect([0, 999, 1500, 123456789, 2e12].map(formatBytes)).toEqual([
      '0 B',
      '999 B',
      '1.5 kB',
      '123 MB',
      '2.0 TB',
    ])
  })
  it('of spans', () => {
    expect([5, 65, 3725, 90000].map(formatDuration)).toEqual([
      '5초',
      '1분 5초',
      '1시간 2분',
      '1일 1시간',
    ])
  })
  it('of times ago', () => {
    const now = Date.parse('2026-01-02T12:00:00Z')
    expect(formatRelative('2026-01-02T11:59:40Z', now)).toBe('방금 전')
    expect(formatRelative('2026-01-02T11:57:00Z', now)).toBe('3분 전')
    expect(formatRelative('2026-01-01T12:00:00Z', now)).toBe('어제')
  })
  it('of metrics', () => {
    expect([0.00012, 0.5, 123.456, null].map(formatMetric)).toEqual([
      '1.20e-4',
      '0.5000',
      '123.5',
      '-',
    ])
  })
})
