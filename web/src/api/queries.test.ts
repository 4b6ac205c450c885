import { QueryClient } from '@tanstack/react-query'
import { afterEach, expect, it, vi } from 'vitest'
import { datasetsQuery } from './queries'

afterEach(() => vi.unstubAllGlobals())

it('lists all data sets of a project, however many the server gives at once', async () => {
  const there = Array.from({ length: 2500 }, (_, i) => ({ id: `d${i}` }))
  const asked: string[] = []
  vi.stubGlobal('fetch', (request: Request) => {
    const { searchParams } = new URL(request.url)
    const [skip, limit] = [Number(searchParams.get('skip')), Number(searchParams.get('limit'))]
    asked.push(`${searchParams.get('project_id')} ${skip}`)
    const datasets = there.slice(skip, skip + limit)
    return Promise.resolve(new Response(JSON.stringify({ datasets, total: there.length })))
  })
  const list = await new QueryClient().fetchQuery(datasetsQuery(3))
  expect(list.datasets).toEqual(there)
  expect(asked).toEqual(['3 0', '3 1000', '3 2000'])
})
