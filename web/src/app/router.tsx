/* router.tsx - every page, each in a chunk of its own, with the texts it needs. */
import type { ComponentType } from 'react'
import { createBrowserRouter, Navigate, type RouteObject } from 'react-router-dom'
import { withWords } from '@/i18n/i18n'
import { fetched } from '@/ui/fetched'
import { ErrorPage, NotFoundPage } from './error-page'
import { RequireSession } from './require-session'
import { Shell } from './shell'

type PageModule = { default: ComponentType }

/** On the page that is on its way, not the one that is still shown. */
function loadNextAnew(): void {
  const next = router.state.navigation.location
  if (next) history.pushState(null, '', router.createHref(next))
  location.reload()
}

/** The first page's error would never be shown by the router (6.30): it is thrown where it draws. */
const thrower = (error: unknown) => ({
  default: function Failed(): never {
    throw error
  },
})

const page = (path: string, load: () => Promise<PageModule>): RouteObject => ({
  path,
  lazy: async () => ({
    Component: (await fetched(load, loadNextAnew)().catch(thrower)).default,
  }),
  errorElement: <ErrorPage />,
})

const outside: RouteObject[] = [
  page('/login', () => import('@/features/auth/login-page')),
  page('/register', () => import('@/features/auth/register-page')),
  page('/setup', () => import('@/features/auth/setup-page')),
  page('/set-password', () => import('@/features/auth/set-password-page')),
  page(
    '/invite',
    withWords(() => import('@/features/auth/invite-page'), 'members'),
  ),
  page(
    '/invite/:token',
    withWords(() => import('@/features/auth/invite-page'), 'members'),
  ),
]

const inside: RouteObject[] = [
  page(
    '/',
    withWords(() => import('@/features/projects/dashboard-page'), 'members', 'projects'),
  ),
  { path: '/dashboard', element: <Navigate to="/" replace /> },
  page('/projects/:projectId', () => import('./pages/project-page')),
  page(
    '/projects/:projectId/members',
    withWords(() => import('@/features/members/members-page'), 'members'),
  ),
  page(
    '/projects/:projectId/new',
    withWords(() => import('./pages/new-experiment-page'), 'wizard'),
  ),
  page(
    '/projects/:projectId/datasets',
    withWords(() => import('@/features/datasets/datasets-page'), 'datasets'),
  ),
  page(
    '/projects/:projectId/compare',
    withWords(
      () => import('@/features/compare/compare-page'),
      'charts',
      'compare',
      'training',
      'wizard',
    ),
  ),
  page(
    '/projects/:projectId/inference',
    withWords(() => import('@/features/inference/inference-page'), 'canvas', 'charts', 'inference'),
  ),
  page(
    '/datasets/:datasetId',
    withWords(() => import('@/features/datasets/dataset-page'), 'canvas', 'datasets', 'labels'),
  ),
  page(
    '/training/:jobId',
    withWords(() => import('@/features/training/training-page'), 'canvas', 'charts', 'training'),
  ),
  page(
    '/queue',
    withWords(() => import('@/features/queue/queue-page'), 'queue'),
  ),
  page(
    '/profile',
    withWords(() => import('@/features/profile/profile-page'), 'profile'),
  ),
  page(
    '/admin/*',
    withWords(() => import('@/features/admin/admin-page'), 'admin', 'profile'),
  ),
  page(
    '/guide',
    withWords(() => import('@/features/guide/guide-page'), 'guide'),
  ),
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
