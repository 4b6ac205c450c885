/* Every route, with data on it, in both themes and languages: nothing that keeps somebody out. */
import type { Page } from '@playwright/test'
import { expectAccessible } from './axe'
import { uploadSample } from './sample'
import { expect, test, type Server } from './server'

type Made = { project: number; dataset: string; job: number; other: number }
let made: Made | null = null

/** A project with a data set and two experiments, one of them started. */
async function ensureData(page: Page, server: Server): Promise<Made> {
  if (made) return made
  const { id: project } = await server.call<{ id: number }>('POST', '/api/v1/projects', {
    name: 'Everything',
  })
  const dataset = await uploadSample(page, server, project, 'Shapes')
  const config = {
    ...{ framework: 'timm', model_name: 'resnet18', task_type: 'image_classification' },
    ...{ dataset_id: dataset, dataset_format: 'imagefolder', epochs: 1, batch_size: 4 },
    ...{ learning_rate: 0.001, advanced_config: { image_size: 32 } },
  }
  const body = { project_id: project, config }
  const job = () => server.call<{ id: number }>('POST', '/api/v1/training/jobs', body)
  made = { project, dataset, job: (await job()).id, other: (await job()).id }
  await server.call('POST', `/api/v1/training/jobs/${made.job}/start`)
  return made
}

const outside = ['/login', '/register', '/setup?token=x', '/set-password?token=x', '/invite/x']

const inside: ((made: Made) => string)[] = [
  () => '/',
  ({ project }) => `/projects/${project}`,
  ({ project }) => `/projects/${project}/members`,
  ({ project }) => `/projects/${project}/new`,
  ({ project }) => `/projects/${project}/datasets`,
  ({ project, job, other }) => `/projects/${project}/compare?jobs=${job},${other}`,
  ({ project }) => `/projects/${project}/inference`,
  ({ dataset }) => `/datasets/${dataset}`,
  ({ dataset }) => `/datasets/${dataset}?tab=images`,
  ({ dataset }) => `/datasets/${dataset}?tab=problems`,
  ({ dataset }) => `/datasets/${dataset}?tab=split`,
  ({ job }) => `/training/${job}`,
  ({ other }) => `/training/${other}`,
  () => '/queue',
  () => '/profile',
  () => '/admin',
  () => '/admin/users',
  () => '/admin/disk',
  () => '/admin/settings',
  () => '/guide',
  () => '/there/is/no/such/page',
]
const names: Made = { project: 1, dataset: 'ID', job: 1, other: 2 }

async function look(page: Page, route: string) {
  await page.goto(route)
  await page.locator('h1').first().waitFor()
  await page.waitForLoadState('networkidle')
  await expectAccessible(page, route)
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)
  expect(wide, `${route} is too wide`).toBeLessThanOrEqual(0)
}

const looks = [
  { locale: 'ko-KR', colorScheme: 'light', width: 1280 },
  { locale: 'en-US', colorScheme: 'dark', width: 390 },
] as const

for (const { locale, colorScheme, width } of looks)
  test.describe(`${locale}, ${colorScheme}, ${width} px`, () => {
    test.use({ locale, colorScheme, viewport: { width, height: 844 } })

    for (const route of outside)
      test(`anybody can use ${route}`, async ({ page, server }) => {
        await server.ensureAdmin()
        await look(page, route)
      })
    for (const route of inside)
      test(`anybody can use ${route(names)}`, async ({ page, server }) => {
        await server.login(page)
        await look(page, route(await ensureData(page, server)))
      })
  })
