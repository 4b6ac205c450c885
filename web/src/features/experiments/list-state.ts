/* list-state.ts - what the table shows, as it stands in the URL: ?status=running&q=cat&sort=name
 * &order=asc&page=2&selected=5,7.  What is the default is left out. */
import { jobStatuses, type JobStatus } from '@/api/jobs'

export const sorts = ['created', 'name', 'accuracy', 'updated'] as const
export type Sort = (typeof sorts)[number]
export type ListState = {
  status: JobStatus | null
  q: string
  sort: Sort
  order: 'asc' | 'desc'
  page: number
}

const oneOf = <T extends string>(all: readonly T[], text: string | null): T | null =>
  all.includes(text as T) ? (text as T) : null

export function readList(search: URLSearchParams): ListState {
  const page = Number(search.get('page'))
  return {
    status: oneOf(jobStatuses, search.get('status')),
    q: search.get('q') ?? '',
    sort: oneOf(sorts, search.get('sort')) ?? 'created',
    order: search.get('order') === 'asc' ? 'asc' : 'desc',
    page: Number.isInteger(page) && page > 0 ? page : 1,
  }
}

/** The URL after a change; any change but that of the page begins at the first page again. */
export function writeList(search: URLSearchParams, change: Partial<ListState>): URLSearchParams {
  const next = { ...readList(search), page: 1, ...change }
  const result = new URLSearchParams(search)
  const put = (name: string, value: string, usual: string) =>
    value === usual ? result.delete(name) : result.set(name, value)
  put('status', next.status ?? '', '')
  put('q', next.q, '')
  put('sort', next.sort, 'created')
  put('order', next.order, 'desc')
  put('page', String(next.page), '1')
  return result
}

/** A click on a column: it is sorted by, the useful end first; a second click turns it round. */
export function nextSort(list: ListState, sort: Sort): Pick<ListState, 'sort' | 'order'> {
  if (list.sort === sort) return { sort, order: list.order === 'asc' ? 'desc' : 'asc' }
  return { sort, order: sort === 'name' ? 'asc' : 'desc' }
}

export const isFiltered = (list: ListState) => Boolean(list.status || list.q)

export const readSelected = (search: URLSearchParams): number[] => [
  ...new Set(
    (search.get('selected') ?? '')
      .split(',')
      .map(Number)
      .filter((id) => Number.isInteger(id) && id > 0),
  ),
]

export function writeSelected(search: URLSearchParams, ids: readonly number[]): URLSearchParams {
  const result = new URLSearchParams(search)
  if (ids.length) result.set('selected', ids.join(','))
  else result.delete('selected')
  return result
}
