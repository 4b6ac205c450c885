/* journey.ts - the way of a new user through the whole product, told once: whose hand it is, and in
 * which language, the tests say. */
import { expect, test, type Download, type Locator, type Page } from '@playwright/test'
import { readFileSync } from 'node:fs'
import type { Translate } from '../src/i18n/message'
import { expectAccessible } from './axe'
import type { Hand } from './hands'
import type { Server } from './server'

export type Traveller = {
  page: Page
  server: Server
  hand: Hand
  t: Translate
  name: string
  email: string
  /** setup: the first account of a server */
  enters: 'setup' | 'register'
}

export type Material = {
  /** a folder with train/CLASS and val/CLASS */
  photos: string
  classes: readonly string[]
  /** one that is not among them */
  photo: string
  imageSize: number
  batch: number
  /** of the first run, which is stopped on the way, and of the second */
  epochs: [number, number]
}

const LEARNS_MS = 180_000
const PASSWORD = 'a password of mine'
const RUNS = ['First run', 'Second run'] as const
const RATES = ['0.001', '0.01'] as const

export async function journey(who: Traveller, what: Material): Promise<void> {
  await test.step('an account', () => enter(who))
  await test.step('a project', () => makeProject(who))
  await test.step('photos', () => uploadPhotos(who, what))
  await test.step('the first run is created and started', () => makeRun(who, what, 0))
  await test.step('it learns, is stopped and goes on', () => followRun(who, what))
  await test.step('a new photo is predicted', () => predictPhoto(who, what))
  await test.step('the second run is created, and started in its row', () => secondRun(who, what))
  await test.step('both are compared', () => compareRuns(who))
  await test.step('the checkpoint is downloaded', () => downloadBest(who, what))
}

const button = (page: Page | Locator, name: string) =>
  page.getByRole('button', { name, exact: true })
const title = (page: Page) => page.getByRole('heading', { level: 1 })

async function enter({ page, server, hand, t, name, email, enters }: Traveller) {
  await page.goto(enters === 'setup' ? server.setupLink : '/login')
  if (enters === 'register')
    await hand.press(page.getByRole('link', { name: t('auth.register'), exact: true }))
  await expect(title(page)).toHaveText(t(enters === 'setup' ? 'auth.setup_title' : 'auth.register'))
  await expectAccessible(page, 'a new account')
  await hand.type(page.getByLabel(t('auth.email')), email)
  await hand.type(page.getByLabel(t('auth.full_name')), name)
  await hand.type(page.getByLabel(t('auth.password')), 'short')
  await hand.press(button(page, t('auth.make_account')))
  await expect(page.getByRole('alert')).toContainText(t('auth.password_length'))
  await hand.type(page.getByLabel(t('auth.password')), PASSWORD)
  await hand.press(button(page, t('auth.make_account')))
  await expect(title(page)).toHaveText(t('projects.dashboard'))
  await expect(page.getByText(t('projects.empty'), { exact: true })).toBeVisible()
  await expectAccessible(page, 'no projects yet')
}

async function makeProject({ page, hand, t, name }: Traveller) {
  await hand.press(button(page, t('projects.new')).first())
  const dialog = page.getByRole('dialog')
  await hand.type(dialog.getByLabel(t('common.name')), `${name}: 1`)
  await hand.type(dialog.getByLabel(t('common.description')), t('projects.name_example'))
  await hand.press(button(dialog, t('common.create')))
  await expect(page).toHaveURL(/\/projects\/\d+$/)
  await expect(title(page)).toHaveText(`${name}: 1`)
  await expect(page.getByText(t('experiments.empty'))).toBeVisible()
}

const navigate = ({ page, hand, t }: Traveller, key: Parameters<Translate>[0]) =>
  hand.press(
    page
      .getByRole('navigation', { name: t('shell.navigation') })
      .getByRole('link', { name: t(key), exact: true }),
  )

async function uploadPhotos(who: Traveller, { photos, classes }: Material) {
  const { page, hand, t } = who
  await navigate(who, 'shell.datasets')
  await hand.press(button(page, t('datasets.new')).first())
  await hand.give(button(page, t('datasets.drop.folder')), photos)
  const names = classes.join(', ')
  await expect(
    page.getByText(t('datasets.plan.classes', { count: classes.length, names })),
  ).toBeVisible()
  await hand.type(page.getByLabel(t('common.name')), t('datasets.name_example'))
  await hand.press(button(page, t('datasets.upload.start')))
  await expect(page).toHaveURL(/\/datasets\/[\w-]+$/, { timeout: LEARNS_MS })
  await expect(title(page)).toContainText(t('datasets.status.ready'), { timeout: LEARNS_MS })
}

/** Through the four steps; the first run comes from its dataset, the second from the navigation. */
async function makeRun(who: Traveller, what: Material, run: 0 | 1) {
  const { page, hand, t } = who
  const step = (key: 'dataset' | 'config' | 'review') =>
    page.getByRole('heading', { name: t(`wizard.steps.${key}`), level: 2, exact: true })
  const field = (label: string) => page.getByRole('textbox', { name: label, exact: true })
  const next = button(page, t('wizard.next'))

  if (run === 0) await hand.press(page.getByRole('link', { name: t('datasets.page.use') }))
  else await navigate(who, 'shell.new_experiment')
  await hand.type(page.getByLabel(t('wizard.model.search')), 'resnet18')
  await hand.press(button(page, t('wizard.model.select_name', { name: 'ResNet-18' })))

  await expect(step('dataset')).toBeFocused()
  const dataset = page.getByRole('radio', { name: t('datasets.name_example') })
  if (run === 1) await hand.press(dataset)
  await expect(dataset).toBeChecked()
  await hand.press(next)

  await expect(step('config')).toBeFocused()
  await hand.type(field(t('wizard.config.epochs')), String(what.epochs[run]))
  await hand.type(field(t('wizard.config.batch_size')), String(what.batch))
  await hand.type(field(t('wizard.config.learning_rate')), RATES[run])
  await hand.type(field(t('wizard.fields.image_size.label')), String(what.imageSize))
  await hand.press(next)

  await expect(step('review')).toBeFocused()
  await hand.type(page.getByLabel(t('wizard.review.name')), RUNS[run])
  await expect(page.getByText(t('wizard.review.fits'))).toBeVisible({ timeout: LEARNS_MS })
  await hand.press(button(page, t(run === 0 ? 'wizard.create_and_start' : 'wizard.create')))
}

const chart = (page: Page) => page.getByRole('figure', { name: /Loss, Accuracy/ })
const epochsSeen = (page: Page) => chart(page).locator('tbody tr').count()
const drawing = (page: Page) =>
  chart(page)
    .locator('canvas')
    .evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL())

async function followRun({ page, hand, t }: Traveller, { epochs }: Material) {
  await expect(page).toHaveURL(/\/training\/\d+$/)
  await expect(title(page)).toContainText(RUNS[0])
  await expect(page.getByText(`🟢 ${t('training.connected')}`)).toBeVisible()
  const sees = async (count: number) =>
    expect.poll(() => epochsSeen(page), { timeout: LEARNS_MS }).toBeGreaterThan(count)
  await sees(0)
  // The chart moves without anything being done.
  const [before, drawn] = [await epochsSeen(page), await drawing(page)]
  await sees(before)
  await expect.poll(() => drawing(page), 'the curve grows').not.toBe(drawn)

  await hand.press(button(page, t('experiments.actions.stop')))
  await expect(page.getByText(t('training.stopped_title'))).toBeVisible({ timeout: LEARNS_MS })
  await expect(title(page)).toContainText(t('common.job_status.stopped'))
  const saved = await epochsSeen(page)
  expect(saved).toBeLessThan(epochs[0])
  await expectAccessible(page, 'a stopped run')

  await hand.press(button(page, t('experiments.actions.resume')))
  await expect(title(page)).toContainText(t('common.job_status.completed'), { timeout: LEARNS_MS })
  await expect.poll(() => epochsSeen(page)).toBe(epochs[0])
  const values = page.getByRole('definition')
  await expect(values.filter({ hasText: `${epochs[0]} / ${epochs[0]}` })).toBeVisible()
  await expect(values.filter({ hasText: /^\d+\.\d{4}$/ })).toBeVisible()
  await expect(values.filter({ hasText: /^\d+\.\d\d%$/ })).toBeVisible()
}

async function predictPhoto({ page, hand, t }: Traveller, { photo, classes }: Material) {
  const main = page.getByRole('main')
  await hand.press(main.getByRole('link', { name: t('training.predict'), exact: true }))
  await expect(title(page)).toHaveText(t('inference.title'))
  await hand.give(button(page, t('inference.choose')), photo)
  const results = page.getByRole('region', { name: t('inference.results') })
  const ranked = results.getByRole('listitem')
  await expect(ranked).toHaveCount(classes.length, { timeout: LEARNS_MS })
  const words = await ranked.allInnerTexts()
  const shares = words.map((line) => Number(/([\d.]+)%/.exec(line)?.[1]))
  expect(words.map((line) => classes.filter((name) => line.includes(name)).length)).toEqual(
    classes.map(() => 1),
  )
  expect(shares).toEqual([...shares].sort((a, b) => b - a))
  expect(shares.reduce((sum, share) => sum + share)).toBeCloseTo(100, 0)
}

async function secondRun(who: Traveller, what: Material) {
  const { page, hand, t } = who
  await makeRun(who, what, 1)
  await expect(page).toHaveURL(/\/projects\/\d+$/)
  const row = page.getByRole('row', { name: RUNS[1] })
  await hand.press(row.getByRole('button', { name: `${t('experiments.start')}: ${RUNS[1]}` }))
  // The row changes by itself.
  await expect(row).toContainText(t('common.job_status.completed'), { timeout: LEARNS_MS })
  await expect(row).toContainText('%')
}

async function compareRuns({ page, hand, t }: Traveller) {
  for (const name of RUNS)
    await hand.press(page.getByRole('checkbox', { name: t('experiments.select', { name }) }))
  await hand.press(button(page, `${t('experiments.compare')} (2)`))
  await expect(title(page)).toHaveText(t('compare.title'))
  const settings = page.getByRole('region', { name: t('compare.settings'), exact: true })
  const rate = settings.getByRole('row', { name: /learning_rate/ })
  for (const value of RATES) await expect(rate).toContainText(value)
  await expect(settings.getByRole('row', { name: /model_name/ })).toHaveCount(0)
  const curves = page.getByRole('figure', { name: t('compare.curves_of', { metric: 'Accuracy' }) })
  for (const name of RUNS) await expect(button(curves, name)).toBeVisible()
}

async function downloadBest({ page, hand, t }: Traveller, { classes }: Material) {
  const runs = page.getByRole('list', { name: t('compare.runs') })
  await hand.press(runs.getByRole('link', { name: RUNS[0] }))
  await expect(title(page)).toContainText(RUNS[0])
  await hand.press(page.getByRole('tab', { name: t('training.checkpoints') }))
  const best = page.getByRole('row', { name: t('training.best') })
  const download = page.waitForEvent('download')
  await hand.press(best.getByRole('button', { name: /best/ }))
  await expectCheckpoint(await download, classes.length)
}

type Tensor = { dtype: string; shape: number[]; data_offsets: [number, number] }

/** A whole safetensors file, with the network that was trained in it. */
async function expectCheckpoint(download: Download, classes: number) {
  expect(download.suggestedFilename()).toMatch(/best.*\.safetensors$/)
  const bytes = readFileSync(await download.path())
  const header = Number(bytes.readBigUInt64LE(0))
  expect(header).toBeLessThan(bytes.length)
  const { __metadata__, ...tensors } = JSON.parse(
    bytes.subarray(8, 8 + header).toString(),
  ) as Record<string, Tensor>
  expect(__metadata__).toBeDefined()
  expect(tensors['fc.weight']!.shape).toEqual([classes, 512])
  const end = Math.max(...Object.values(tensors).map((tensor) => tensor.data_offsets[1]))
  expect(bytes.length).toBe(8 + header + end)
}
