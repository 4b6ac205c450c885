/* What goes wrong on the way is told in words that say what to do, and nothing typed is lost.  A
 * lost connection in an upload and what the server refuses are in the specs of their pages. */
import type { Page } from '@playwright/test'
import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { expectAccessible } from './axe'
import { drawSample, type Sample } from './photos'
import { uploadSample } from './sample'
import { admin, createServer, expect, test, type Server } from './server'

test.describe.configure({ timeout: 180_000 })
test.use({ locale: 'en-US', actionTimeout: 20_000 })

const LEARNS_MS = 120_000
const title = (page: Page) => page.getByRole('heading', { level: 1 })

type Id = { id: number }

/** A job that waits for its start; small enough to learn within seconds. */
async function makeJob(page: Page, server: Server, epochs: number): Promise<number> {
  await server.login(page)
  const project = await server.call<Id>('POST', '/api/v1/projects', { name: `Of ${epochs} epochs` })
  const dataset_id = await uploadSample(page, server, project.id, 'Shapes')
  const config = {
    ...{ framework: 'timm', model_name: 'resnet18', task_type: 'image_classification' },
    ...{ dataset_id, dataset_format: 'imagefolder', epochs, batch_size: 4, learning_rate: 0.001 },
    advanced_config: { image_size: 32 },
  }
  const body = { project_id: project.id, config }
  return (await server.call<Id>('POST', '/api/v1/training/jobs', body)).id
}

/** True as long as the page has not been loaded anew. */
const mark = (page: Page) => page.evaluate(() => void Object.assign(window, { isMarked: true }))
const isMarked = (page: Page) => page.evaluate(() => 'isMarked' in window)

test('a dropped socket is told of, and found again', async ({ page, server }) => {
  let isCut = false
  let cut = () => {}
  await page.routeWebSocket(/\/ws/, (socket) => {
    if (isCut) return void socket.close()
    const far = socket.connectToServer()
    cut = () => {
      isCut = true
      void socket.close()
      void far.close()
    }
  })
  const id = await makeJob(page, server, 1)
  await page.goto(`/training/${id}`)
  await expect(page.getByText('🟢 Connected')).toBeVisible()
  await mark(page)
  cut()
  await expect(page.getByText('🔴 Disconnected')).toBeVisible()
  const words = page.getByText('Live updates are interrupted; reconnecting.')
  await expect(words).toBeVisible()
  isCut = false
  await expect(page.getByText('🟢 Connected')).toBeVisible({ timeout: 30_000 })
  await expect(words).toBeHidden()
  // It is live again: what happens elsewhere is seen.
  await server.call('POST', `/api/v1/training/jobs/${id}/cancel`, {})
  await expect(title(page)).toContainText('Cancelled')
  expect(await isMarked(page)).toBe(true)
})

test('a killed server: the page stays, its words too, and the training goes on', async ({
  page,
  server,
}) => {
  const id = await makeJob(page, server, 8)
  await page.goto(`/training/${id}`)
  await mark(page)
  await page.getByRole('button', { name: 'Start training' }).click()
  const rows = page.getByRole('figure', { name: /Loss, Accuracy/ }).locator('tbody tr')
  await expect(rows.first()).toBeAttached({ timeout: LEARNS_MS })
  await page.getByRole('button', { name: 'More actions' }).click()
  await page.getByRole('menuitem', { name: 'Name and notes' }).click()
  const dialog = page.getByRole('dialog')
  await dialog.getByLabel('Notes').fill('written while the server was away')

  await server.kill()
  await dialog.getByRole('button', { name: 'Save' }).click()
  await expect(dialog.getByRole('alert')).toContainText('Your input is kept')
  const lost = page.getByText('The server does not answer. Trying again by itself')
  await expect(lost).toBeVisible()
  await expect(page.getByText('🔴 Disconnected')).toBeAttached()
  await server.restart()
  await expect(lost).toBeHidden({ timeout: 30_000 })
  await expect(dialog.getByLabel('Notes')).toHaveValue('written while the server was away')
  await dialog.getByRole('button', { name: 'Save' }).click()
  await expect(dialog).toBeHidden()
  await expect(page.getByText('🟢 Connected')).toBeVisible({ timeout: 30_000 })
  await expect(title(page)).toContainText('Completed', { timeout: LEARNS_MS })
  await expect(rows).toHaveCount(8)
  expect(await isMarked(page)).toBe(true)
})

test('a page whose code is wanted while the server is away comes when it is back', async ({
  page,
  server,
}) => {
  await server.login(page)
  await page.goto('/')
  await expect(title(page)).toBeVisible()
  await server.kill()
  await page.getByRole('link', { name: 'Queue' }).click()
  await expect(page.getByText('The server does not answer. Trying again by itself')).toBeVisible()
  await server.restart()
  await expect(page).toHaveURL(/\/queue$/, { timeout: 30_000 })
  await expect(title(page)).toHaveText('Queue', { timeout: 30_000 })

  // A part of a page, and a server that answers again at once.
  let lost = 0
  await page.route('**/assets/profile-page*.css', (route) =>
    lost++ ? route.continue() : route.abort('connectionreset'),
  )
  await page.evaluate(() => sessionStorage.clear())
  await page.goto('/profile')
  await expect(page.getByRole('heading', { name: 'API keys', exact: true })).toBeVisible({
    timeout: 30_000,
  })
  expect(lost).toBeGreaterThan(1)
})

test('a page whose code never comes says so', async ({ page, server }) => {
  await server.login(page)
  await page.route('**/assets/queue-page*.js', (route) => route.fulfill({ status: 404 }))
  await page.goto('/queue')
  await expect(title(page)).toHaveText('This page has run into an error', { timeout: 30_000 })
})

test('a session that ends in the middle asks for the password, over what was typed', async ({
  page,
  server,
}) => {
  await server.login(page)
  await page.goto('/')
  await mark(page)
  await page.getByRole('button', { name: 'New project' }).first().click()
  const form = page.getByRole('dialog', { name: 'New project' })
  await form.getByLabel('Name').fill('Typed before')
  await form.getByLabel('Description').fill('the session ended')
  await page.context().clearCookies()
  await form.getByRole('button', { name: 'Create', exact: true }).click()

  const login = page.getByRole('dialog', { name: 'Log in' })
  await expect(login).toContainText('Your session has ended. Log in to go on where you were.')
  await expect(login.getByLabel('Email')).toHaveValue(admin.email)
  await expectAccessible(page, 'an ended session')
  await login.getByLabel('Password').fill('not this one')
  await page.keyboard.press('Enter')
  await expect(login.getByRole('alert')).toContainText('Email or password is wrong')
  await login.getByLabel('Password').fill(admin.password)
  await page.keyboard.press('Enter')
  await expect(login).toBeHidden()

  await expect(form.getByLabel('Name')).toHaveValue('Typed before')
  await expect(form.getByLabel('Description')).toHaveValue('the session ended')
  await form.getByRole('button', { name: 'Create', exact: true }).click()
  await expect(title(page)).toHaveText('Typed before')
  expect(await isMarked(page)).toBe(true)
})

test.describe('large uploads', () => {
  let sample: Sample
  let archive = ''
  test.beforeAll(() => {
    sample = drawSample(2, 4)
    // Nothing that gets smaller on the way.
    const noise = Buffer.from(
      Array.from({ length: 1 << 20 }, () => Math.floor(Math.random() * 256)),
    )
    writeFileSync(join(sample.folder, 'notes.txt'), Buffer.concat([noise, noise, noise, noise]))
    archive = join(dirname(sample.folder), 'shapes.tar')
    execFileSync('tar', ['-C', dirname(sample.folder), '-cf', archive, 'shapes'])
  })
  test.afterAll(() => sample.remove())

  const sends = (page: Page) =>
    page.waitForRequest((request) => request.method() === 'PUT', { timeout: 60_000 })

  async function fill(page: Page, server: Server, name: string) {
    await server.login(page)
    const project = await server.call<Id>('POST', '/api/v1/projects', { name })
    await page.goto(`${server.url}/projects/${project.id}/datasets`)
    await page.getByRole('button', { name: 'Upload a dataset' }).first().click()
    const chooser = page.waitForEvent('filechooser')
    await page.getByRole('button', { name: 'Choose files' }).click()
    await (await chooser).setFiles(archive)
    await page.getByLabel('Name').fill(name)
    await page.getByLabel('Description').fill('drawn in spring')
  }
  const upload = (page: Page) => page.getByRole('button', { name: 'Upload', exact: true })
  async function expectWhole(page: Page, name: string) {
    await expect(page).toHaveURL(/\/datasets\/[\w-]+$/, { timeout: LEARNS_MS })
    await expect(title(page)).toContainText(name)
    await expect(title(page)).toContainText('Ready', { timeout: LEARNS_MS })
    await expect(page.getByText('drawn in spring')).toBeVisible()
  }

  test('a server that dies within a piece: the upload waits, and goes on by itself', async ({
    page,
    server,
  }) => {
    await fill(page, server, 'Cut')
    const network = await page.context().newCDPSession(page)
    await network.send('Network.emulateNetworkConditions', {
      ...{ offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 1 << 20 },
    })
    const first = sends(page)
    await upload(page).click()
    await first
    await sends(page) // the first has arrived, the second is on its way
    await server.kill()
    await expect(page.getByText('The upload goes on by itself as soon as it does')).toBeVisible()
    const again = sends(page)
    await server.restart()
    expect(Number(new URL((await again).url()).searchParams.get('offset'))).toBeGreaterThan(0)
    await expectWhole(page, 'Cut')
  })

  test('a disk that is full says what to do, and the upload goes on', async ({ page }) => {
    const disk = mkdtempSync(join(tmpdir(), 'fovea-disk-'))
    const isMounted = mountSmall(disk)
    if (!isMounted) rmSync(disk, { recursive: true })
    // Only root may mount; filling the disk that everything else is on would be worse than no test.
    test.skip(!isMounted, 'a small disk cannot be mounted here')
    const data = join(disk, 'data')
    mkdirSync(data)
    const server = await createServer(data)
    try {
      await fill(page, server, 'Full')
      const { bavail, bsize } = statfsSync(disk)
      const rest = join(disk, 'rest')
      writeFileSync(rest, Buffer.alloc(bavail * bsize - 3 * (1 << 20)))
      await upload(page).click()
      await expect(page.getByRole('alert')).toContainText('The disk of the server is full. Free')
      await page.getByRole('button', { name: 'Change the form' }).click()
      await expect(page.getByLabel('Name')).toHaveValue('Full')
      await expect(page.getByLabel('Description')).toHaveValue('drawn in spring')
      rmSync(rest)
      await upload(page).click()
      await expectWhole(page, 'Full')
    } finally {
      await server.remove()
      execFileSync('umount', [disk])
      rmSync(disk, { recursive: true })
    }
  })
})

function mountSmall(folder: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=32m', 'tmpfs', folder], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
