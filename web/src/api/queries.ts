/* queries.ts - what several features ask for.  Others are in features/NAME/api.ts, in this form. */
import { queryOptions, useQuery } from '@tanstack/react-query'
import { api, ok, type Schemas } from './client'
import { isStatus } from './errors'
import { keys } from './keys'

export type User = Schemas['User']
export type Project = Schemas['Project']
export type Job = Schemas['Job']
export type Dataset = Schemas['Dataset']

/** null: nobody is logged in. */
export const meQuery = () =>
  queryOptions({
    queryKey: keys.me,
    queryFn: async ({ signal, client }): Promise<User | null> => {
      try {
        return await ok(api.GET('/api/v1/auth/me', { signal }))
      } catch (error) {
        // Whose session has ended keeps the page: see hasEnded.
        if (isStatus(error, 401)) return client.getQueryData<User>(keys.me) ?? null
        throw error
      }
    },
    staleTime: 5 * 60_000,
  })

/** Inside the shell somebody is logged in. */
export const useMe = () => useQuery(meQuery()).data ?? null

export const setupQuery = () =>
  queryOptions({
    queryKey: keys.setup,
    queryFn: ({ signal }) => ok(api.GET('/api/v1/setup', { signal })),
  })

export const projectsQuery = () =>
  queryOptions({
    queryKey: keys.projects,
    queryFn: ({ signal }) => ok(api.GET('/api/v1/projects', { signal })),
  })

export const projectQuery = (id: number) =>
  queryOptions({
    queryKey: keys.project(id),
    queryFn: ({ signal }) =>
      ok(
        api.GET('/api/v1/projects/{project_id}', { params: { path: { project_id: id } }, signal }),
      ),
  })

export const jobQuery = (id: number) =>
  queryOptions({
    queryKey: keys.job(id),
    queryFn: ({ signal }) =>
      ok(api.GET('/api/v1/training/jobs/{job_id}', { params: { path: { job_id: id } }, signal })),
  })

export const datasetQuery = (id: string) =>
  queryOptions({
    queryKey: keys.dataset(id),
    queryFn: ({ signal }) =>
      ok(api.GET('/api/v1/datasets/{dataset}', { params: { path: { dataset: id } }, signal })),
  })

const DATASETS_PAGE = 1000 // the most that the server gives at once

/** All data sets of a project. */
export const datasetsQuery = (projectId: number) =>
  queryOptions({
    queryKey: keys.datasets({ projectId }),
    queryFn: async ({ signal }) => {
      const datasets: Dataset[] = []
      for (;;) {
        const query = { project_id: projectId, skip: datasets.length, limit: DATASETS_PAGE }
        const page = await ok(api.GET('/api/v1/datasets', { params: { query }, signal }))
        datasets.push(...page.datasets)
        if (!page.datasets.length || datasets.length >= page.total)
          return { datasets, total: page.total }
      }
    },
  })

export const membersQuery = (projectId: number) =>
  queryOptions({
    queryKey: keys.members(projectId),
    queryFn: ({ signal }) =>
      ok(
        api.GET('/api/v1/projects/{project_id}/members', {
          params: { path: { project_id: projectId } },
          signal,
        }),
      ),
  })
