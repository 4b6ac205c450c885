import { describe, expect, it } from 'vitest'
import { nextSort, readList, readSelected, writeList, writeSelected } from './list-state'

const at = (text: string) => new URLSearchParams(text)

describe('the state of the list', () => {
  it('is read from the URL, and nonsense is the default', () => {
    expect(readList(at('status=running&q=a%20b&sort=name&order=asc&page=3'))).toEqual({
      status: 'running',
      q: 'a b',
      sort: 'name',
      order: 'asc',
      page: 3,
    })
    expect(readList(at('status=x&sort=y&order=z&page=-2'))).toEqual({
      status: null,
      q: '',
      sort: 'created',
      order: 'desc',
      page: 1,
    })
  })
  it('keeps what it does not know, and leaves defaults out', () => {
    expect(writeList(at('selected=1&page=4'), { status: 'failed' }).toString()).toBe(
      'selected=1&status=failed',
    )
    expect(writeList(at('status=failed&page=2'), { page: 3 }).toString()).toBe(
      'status=failed&page=3',
    )
    expect(writeList(at('status=failed&q=x'), { status: null, q: '' }).toString()).toBe('')
  })
  it('sorts by the useful end first and then turns round', () => {
    const list = readList(at(''))
    expect(nextSort(list, 'name')).toEqual({ sort: 'name', order: 'asc' })
    expect(nextSort(list, 'accuracy')).toEqual({ sort: 'accuracy', order: 'desc' })
    expect(nextSort(list, 'created')).toEqual({ sort: 'created', order: 'asc' })
  })
  it('has a selection without doubles', () => {
    expect(readSelected(at('selected=5,7,5,x,-1'))).toEqual([5, 7])
    expect(writeSelected(at('q=x&selected=5'), []).toString()).toBe('q=x')
  })
})
