/* router.tsx - every page, each in a chunk of its own. */
import type { ComponentType } from 'react'
import { createBrowserRouter, type RouteObject } from 'react-router-dom'
import { ErrorPage, NotFoundPage } from './error-page'
import { RequireSession } from './require-session'
import { Shell } from './shell'

type PageModule = { default: ComponentType }

const page = (path: string, load: () => Promise<PageModule>): RouteObject => ({
  path,
  lazy: async () => ({ Component: (await load()).default }),
  errorElement: <ErrorPage />,
})

const outside: RouteObject[] = [
  page('/login', () => import('@/features/auth/login-page')),
  page('/register', () => import('@/features/auth/register-page')),
  page('/setup', () => import('@/features/auth/setup-page')),
  page('/set-password', () => import('@/features/auth/set-password-page')),
  page('/invite', () => import('@/features/auth/invite-page')),
  page('/invite/:token', () => import('@/features/auth/invite-page')),
]

const inside: RouteObject[] = [
  page('/', () => import('@/features/projects/dashboard-page')),
  page('/projects/:projectId', () => import('./pages/project-page')),
  page('/projects/:projectId/members', () => import('@/features/members/members-page')),
  page('/projects/:projectId/new', () => import('./pages/new-experiment-page')),
  page('/projects/:projectId/datasets', () => import('@/features/datasets/datasets-page')),
  page('/projects/:projectId/compare', () => import('@/features/compare/compare-page')),
  page('/projects/:projectId/inference', () => import('@/features/inference/inference-page')),
  page('/datasets/:datasetId', () => import('@/features/datasets/dataset-page')),
  page('/training/:jobId', () => import('@/features/training/training-page')),
  page('/queue', () => import('@/features/queue/queue-page')),
  page('/profile', () => import('@/features/profile/profile-page')),
  page('/admin/*', () => import('@/features/admin/admin-page')),
  page('/guide', () => import('@/features/guide/guide-page')),
  { path: '*', element: <NotFoundPage /> },
]

export const router = createBrowserRouter(
  [
    {
      errorElement: <ErrorPage />,
      hydrateFallbackElement: <></>,
      children: [
        ...outside,
        { element: <RequireSession />, children: [{ element: <Shell />, children: inside }] },
      ],
    },
  ],
  {
    future: {
      v7_relativeSplatPath: true,
      v7_fetcherPersist: true,
      v7_normalizeFormMethod: true,
      v7_partialHydration: true,
      v7_skipActionErrorRevalidation: true,
    },
  },
)
