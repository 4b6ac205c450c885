import {
  infiniteQueryOptions,
  keepPreviousData,
  queryOptions,
  useMutation,
  useQueryClient,
} from '@tanstack/react-query'
import { api, ok, type Schemas } from '@/api/client'
import { keys } from '@/api/keys'
import type { Dataset } from '@/api/queries'

export type DatasetFile = Schemas['DatasetFile']
export type DatasetFix = Schemas['DatasetFix']
export type DatasetSplit = Schemas['DatasetSplit']

const LOOK_AGAIN_MS = 1500 // while the doctor is at work

const isAnalyzing = (dataset: Dataset | undefined) => dataset?.status === 'analyzing'

/** To spread into datasetsQuery(): asks again as long as the doctor is at work. */
export const whileAnyAnalyzing = {
  refetchInterval: (query: { state: { data?: { datasets: Dataset[] } } }) =>
    query.state.data?.datasets.some(isAnalyzing) ? LOOK_AGAIN_MS : (false as const),
}

/** The same for datasetQuery(). */
export const whileAnalyzing = {
  refetchInterval: (query: { state: { data?: Dataset } }) =>
    isAnalyzing(query.state.data) ? LOOK_AGAIN_MS : (false as const),
}

const path = (id: string) => ({ path: { dataset: id } })

/* What follows from the files has the last change in its key: a new analysis is a new answer. */
const part = (dataset: Dataset, what: string, more: object = {}) =>
  [...keys.dataset(dataset.id), what, dataset.updated_at, dataset.status, more] as const

export const reportQuery = (dataset: Dataset) =>
  queryOptions({
    queryKey: part(dataset, 'report'),
    queryFn: ({ signal }) =>
      ok(api.GET('/api/v1/datasets/{dataset}/report', { params: path(dataset.id), signal })),
    placeholderData: keepPreviousData,
  })

export const fixesQuery = (dataset: Dataset) =>
  queryOptions({
    queryKey: part(dataset, 'fixes'),
    queryFn: ({ signal }) =>
      ok(api.GET('/api/v1/datasets/{dataset}/fixes', { params: path(dataset.id), signal })),
    placeholderData: keepPreviousData,
  })

export const splitQuery = (dataset: Dataset) =>
  queryOptions({
    queryKey: part(dataset, 'split'),
    queryFn: ({ signal }) =>
      ok(api.GET('/api/v1/datasets/{dataset}/split', { params: path(dataset.id), signal })),
    placeholderData: keepPreviousData,
  })

export type FileFilter = { split?: string; class?: string; state?: string }
export const FILES_PER_PAGE = 100

const filesPage = (id: string, filter: FileFilter, skip: number, signal: AbortSignal) =>
  ok(
    api.GET('/api/v1/datasets/{dataset}/images', {
      params: { ...path(id), query: { ...filter, skip, limit: FILES_PER_PAGE } },
      signal,
    }),
  )

/** One page of files, from 0: for what is scrolled to anywhere. */
export const filesPageQuery = (dataset: Dataset, filter: FileFilter, page: number) =>
  queryOptions({
    queryKey: part(dataset, 'files', { ...filter, page }),
    queryFn: ({ signal }) => filesPage(dataset.id, filter, page * FILES_PER_PAGE, signal),
    staleTime: Infinity, // a change of the files changes the key
  })

/** The same, one page after the other. */
export const filesQuery = (dataset: Dataset, filter: FileFilter) =>
  infiniteQueryOptions({
    queryKey: part(dataset, 'all-files', filter),
    initialPageParam: 0,
    queryFn: ({ pageParam, signal }) => filesPage(dataset.id, filter, pageParam, signal),
    getNextPageParam: (last) => {
      const next = last.skip + last.images.length
      return last.images.length && next < last.total ? next : undefined
    },
  })

/** The boxes, outlines and key points of one image. */
export const annotationQuery = (dataset: Dataset, filename: string) =>
  queryOptions({
    queryKey: part(dataset, 'annotation', { filename }),
    queryFn: ({ signal }) =>
      ok(
        api.GET('/api/v1/datasets/{dataset}/annotations', {
          params: { ...path(dataset.id), query: { path: filename } },
          signal,
        }),
      ),
    staleTime: Infinity,
  })

/** Everything that shows data sets is asked again. */
function useRefresh() {
  const client = useQueryClient()
  // Not waited for: what it shows anew may take away the component that is told of the success.
  return () => void client.invalidateQueries({ queryKey: keys.datasets() })
}

export function useAnalyze(id: string) {
  const refresh = useRefresh()
  return useMutation({
    mutationFn: () => ok(api.POST('/api/v1/datasets/{dataset}/analyze', { params: path(id) })),
    onSuccess: refresh,
  })
}

export function useApplyFixes(id: string) {
  const refresh = useRefresh()
  return useMutation({
    mutationFn: (ids: string[]) =>
      ok(
        api.POST('/api/v1/datasets/{dataset}/fixes', {
          params: path(id),
          body: { ids } as never,
        }),
      ),
    onSuccess: refresh,
  })
}

type SplitChange =
  { train: number; val: number; test: number; seed: number } | { assign: Record<string, string> }

export function useChangeSplit(id: string) {
  const refresh = useRefresh()
  return useMutation({
    mutationFn: (change: SplitChange) =>
      ok(
        api.POST('/api/v1/datasets/{dataset}/split', {
          params: path(id),
          body: change as never,
        }),
      ),
    onSuccess: refresh,
  })
}

type DatasetDraft = { name: string; description: string; visibility: string }

export function useChangeDataset(id: string) {
  const refresh = useRefresh()
  return useMutation({
    mutationFn: (body: DatasetDraft) =>
      ok(api.PUT('/api/v1/datasets/{dataset}', { params: path(id), body })),
    onSuccess: refresh,
  })
}

/** force: jobs that use it are cancelled. */
export function useDeleteDataset() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: ({ id, force }: { id: string; force: boolean }) =>
      ok(
        api.DELETE('/api/v1/datasets/{dataset}', {
          params: { ...path(id), query: force ? { force: '1' as const } : {} },
        }),
      ),
    onSuccess: (_, { id }) => {
      client.removeQueries({ queryKey: keys.dataset(id) })
      return client.invalidateQueries({ queryKey: ['datasets', 'list'] })
    },
  })
}
