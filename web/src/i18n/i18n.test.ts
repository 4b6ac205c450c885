import { describe, expect, it } from 'vitest'
import en from './en'
import { format, lookup } from './message'
import ko from './ko'

/** Every message by its key; a plural is one message. */
function flatten(tree: object, prefix = ''): Map<string, string | { other: string }> {
  const all = new Map<string, string | { other: string }>()
  for (const [name, value] of Object.entries(tree)) {
    const key = prefix + name
    if (typeof value === 'string' || 'other' in value) all.set(key, value)
    else flatten(value, key + '.').forEach((v, k) => all.set(k, v))
  }
  return all
}

const placeholders = (message: string | { other: string }) =>
  [...(typeof message === 'string' ? message : message.other).matchAll(/\{(\w+)\}/g)]
    .map((m) => m[1])
    .sort()

describe('messages', () => {
  const english = flatten(en)
  const korean = flatten(ko)

  it('have the same keys in both languages', () => {
    expect([...korean.keys()].sort()).toEqual([...english.keys()].sort())
  })
  it('have the same placeholders', () => {
    for (const [key, message] of english)
      expect({ key, names: placeholders(korean.get(key) ?? '') }).toEqual({
        key,
        names: placeholders(message),
      })
  })
  it('have no particle behind what is filled in, whose last sound nobody knows', () => {
    const particle = /\{\w+\}(으로|로|을|를|은|는|과|와|이|가)(?![가-힣])/
    for (const [key, message] of korean)
      expect(typeof message === 'string' ? message : message.other, key).not.toMatch(particle)
  })
  it('are not empty', () => {
    for (const [key, message] of [...english, ...korean])
      expect(typeof message === 'string' ? message : message.other, key).not.toBe('')
  })
})

describe('format', () => {
  it('chooses the plural and fills in values', () => {
    const message = { one: '{count} job', other: '{count} jobs' }
    expect(format(message, { count: 1 }, 'en')).toBe('1 job')
    expect(format(message, { count: 1200 }, 'en')).toBe('1,200 jobs')
    expect(format({ other: '작업 {count}개' }, { count: 1 }, 'ko')).toBe('작업 1개')
  })
  it('finds nested messages and nothing else', () => {
    expect(lookup({ a: { b: 'c' } }, 'a.b')).toBe('c')
    expect(lookup({ a: 'c' }, 'a.b')).toBeUndefined()
  })
})
