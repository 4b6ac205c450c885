import { describe, expect, it } from 'vitest'
import { again, change, isImage, nextWaiting, withFiles } from './queue'

const file = (name: string, type = '') => new File(['x'], name, { type })
const urlOf = (f: File) => `blob:${f.name}`

describe('images to predict', () => {
  it('are images by type or by name', () => {
    expect(
      [file('a.JPG'), file('b', 'image/png'), file('c.txt', 'text/plain')].map(isImage),
    ).toEqual([true, true, false])
  })
  it('wait in their order, one running at a time', () => {
    const { items, refused } = withFiles([], [file('a.png'), file('no.txt'), file('b.png')], urlOf)
    expect([items.map((i) => i.url), refused]).toEqual([['blob:a.png', 'blob:b.png'], 1])
    const first = nextWaiting(items)!
    expect(first.file.name).toBe('a.png')
    const running = change(items, first.id, { state: 'running' })
    expect(nextWaiting(running)).toBeUndefined()
    const done = change(running, first.id, { state: 'failed', error: 'x' })
    expect(nextWaiting(done)?.file.name).toBe('b.png')
    expect(again(done)[0]).toMatchObject({ state: 'waiting', error: undefined })
  })
  it('are not more than a page can hold', () => {
    const many = Array.from({ length: 230 }, (_, i) => file(`${i}.png`))
    expect(withFiles([], many, urlOf)).toMatchObject({ refused: 30 })
  })
})
