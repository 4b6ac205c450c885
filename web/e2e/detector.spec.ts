/* A detector with masks, from the upload inside the new experiment to what it finds on a photo. */
import type { Locator, Page } from '@playwright/test'
import { existsSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expectAccessible } from './axe'
import { draw } from './photos'
import { expect, test, type Server } from './server'

test.describe.configure({ timeout: 240_000 })
test.use({ locale: 'en-US', actionTimeout: 20_000 })

const LEARNS_MS = 150_000

test('shapes with masks are learned, judged beside the truth, and found', async ({
  page,
  server,
}) => {
  const sizes = { train: 8, val: 4, num_classes: 2 }
  const sample = draw('shapes', { task: 'instance_segmentation', ...sizes })
  await train(page, server, sample.folder, 'shapes', 2)
  await seeValidation(page)
  const photos = join(sample.folder, 'images/val')
  await seePrediction(page, join(photos, readdirSync(photos).sort()[0]!))
  sample.remove()
})

test('photographs with masks', async ({ page, server }) => {
  const folder = resolve('../../shared/data/instance_seg/coco8_seg_origin')
  // They are not part of the project, which has to be whole without them.
  test.skip(!existsSync(folder), `there are no photographs: ${folder}`)
  await train(page, server, folder, 'coco8', 1)
  await seeValidation(page)
  const photos = join(folder, 'images/val')
  await seePrediction(page, join(photos, readdirSync(photos).sort()[0]!))
})

async function train(page: Page, server: Server, folder: string, name: string, epochs: number) {
  await server.login(page)
  const project = await server.call<{ id: number }>('POST', '/api/v1/projects', { name })
  await page.goto(`/projects/${project.id}/new`)
  await page.getByLabel('Search models').fill('yolo11n-seg')
  await page.getByRole('button', { name: 'Select: YOLOv11 Nano (Segmentation)' }).click()
  const next = page.getByRole('button', { name: 'Next', exact: true })

  // Nothing is there yet, so that it is uploaded here.
  const chooser = page.waitForEvent('filechooser')
  await page.getByRole('button', { name: 'Choose a folder' }).click()
  await (await chooser).setFiles(folder)
  await page.getByLabel('Name').fill(name)
  await expect(page.getByRole('combobox', { name: 'Format' })).toHaveText(/YOLO/)
  await page.getByRole('button', { name: 'Upload', exact: true }).click()
  await expect(page.getByRole('radio', { name })).toBeChecked({ timeout: LEARNS_MS })
  await next.click()

  const field = (label: string) => page.getByRole('textbox', { name: label, exact: true })
  await field('Epochs').fill(String(epochs))
  await field('Batch Size').fill('4')
  await field('Image size').fill('160')
  await next.click()
  await page.getByRole('button', { name: 'Create and start training' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toContainText('Completed', {
    timeout: LEARNS_MS,
  })
}

const canvasOf = (place: Locator) => place.locator('canvas').first()
const stateOf = (place: Locator) =>
  canvasOf(place).evaluate((canvas) => (canvas as HTMLCanvasElement).toDataURL())
const listed = (place: Locator, kind: 'true' | 'predicted') =>
  place.getByRole('listitem').filter({ hasText: new RegExp(`^${kind}: `) })

/** How many pixels of the canvas another look changes. */
async function changedPixels(place: Locator, change: () => Promise<void>): Promise<number> {
  const before = await stateOf(place)
  await change()
  await expect.poll(() => stateOf(place)).not.toBe(before)
  return canvasOf(place).evaluate(async (now, url) => {
    const canvas = now as HTMLCanvasElement
    // The page's policy lets nothing fetch an address that is data itself.
    const bytes = Uint8Array.from(atob(url.split(',')[1]!), (letter) => letter.charCodeAt(0))
    const image = await createImageBitmap(new Blob([bytes]))
    const old = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d')!
    old.drawImage(image, 0, 0)
    const area = [0, 0, canvas.width, canvas.height] as const
    const [a, b] = [old.getImageData(...area), canvas.getContext('2d')!.getImageData(...area)]
    const as = new Uint32Array(a.data.buffer)
    const bs = new Uint32Array(b.data.buffer)
    return as.reduce((count, pixel, i) => count + Number(pixel !== bs[i]), 0)
  }, before)
}

async function seeValidation(page: Page) {
  await page.getByRole('tab', { name: 'Validation' }).click()
  const curves = page.getByRole('figure', { name: 'Precision over recall' })
  await expect(curves.getByRole('button', { pressed: true }).first()).toBeVisible()
  // The line of a class that is never found has no height: it is there, but not "visible".
  await expect(curves.locator('svg path[d*=L]').first()).toBeAttached()
  await expect(page.getByRole('region', { name: 'By class' })).toBeVisible()
  await page
    .getByRole('button', { name: /\d+ found, [1-9]\d* true/ })
    .first()
    .click()
  const dialog = page.getByRole('dialog')
  await expect(listed(dialog, 'true').first()).toBeAttached()
  await expectAccessible(page, 'a validated image')
  // After an epoch or two the network may have found nothing; what is true is surfaces, not only boxes.
  const truths = dialog.getByRole('checkbox', { name: 'Truth' })
  expect(await changedPixels(dialog, () => truths.click())).toBeGreaterThan(2000)
  await expect(listed(dialog, 'true')).toHaveCount(0)
  await page.keyboard.press('Escape')
}

async function seePrediction(page: Page, photo: string) {
  await page.getByRole('main').getByRole('link', { name: 'Predict', exact: true }).click()
  // After an epoch or two nothing is certain.
  await page.getByLabel('Confidence from').first().fill('0')
  const chooser = page.waitForEvent('filechooser')
  await page.getByRole('button', { name: 'Choose images' }).click()
  await (await chooser).setFiles(photo)
  const result = page.getByRole('region', { name: 'Predictions' }).getByRole('article')
  await expect(listed(result, 'predicted').first()).toBeAttached({ timeout: LEARNS_MS })
  await expect(result.getByText(/[\d.]+ ms/)).toBeVisible()
  await expectAccessible(page, 'a prediction')
  const threshold = result.getByLabel('Confidence from')
  const hide = () => threshold.fill('1')
  expect(await changedPixels(result, hide)).toBeGreaterThan(500)
  await expect(listed(result, 'predicted')).toHaveCount(0)
}
