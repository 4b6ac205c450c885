/* The pages of a training, of what it has learned and of several beside each other; how one starts,
 * learns and stops is in journey.ts. */
import type { Page } from '@playwright/test'
import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expectAccessible } from './axe'
import { draw } from './photos'
import { expect, test, type Server } from './server'

const LEARNS_MS = 90_000
const sample = draw('shapes', { num_classes: 2, train: 16, val: 6, image_size: 48 })
const photos = sample.folder

test.describe.configure({ mode: 'serial', timeout: 240_000 })
test.afterAll(sample.remove)

let projectId = 0
let jobId = 0

/** A project with the drawn shapes and a job that waits for its start. */
async function prepare(page: Page, server: Server, epochs: number): Promise<number> {
  await server.login(page)
  if (!projectId)
    projectId = (
      await server.call<{ id: number }>('POST', '/api/v1/projects', { name: '그린 도형' })
    ).id
  const files = readdirSync(photos, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
  const form = new FormData()
  form.set('name', 'shapes')
  form.set('format', 'imagefolder')
  form.set('project_id', String(projectId))
  const names = files.map((file) => file.slice(photos.length + 1))
  form.set('paths', JSON.stringify(names))
  files.forEach((file, i) => form.append('files', new Blob([readFileSync(file)]), names[i]))
  const answer = await page.request.post(`${server.url}/api/v1/datasets`, {
    multipart: form,
    headers: { Origin: server.url },
  })
  expect(answer.ok(), await answer.text()).toBe(true)
  const { id: dataset_id } = (await answer.json()) as { id: string }
  return makeJob(server, dataset_id, epochs, 0.001)
}

let datasetId = ''
async function makeJob(server: Server, dataset_id: string, epochs: number, rate: number) {
  datasetId = dataset_id
  const job = await server.call<{ id: number }>('POST', '/api/v1/training/jobs', {
    project_id: projectId,
    experiment_name: `학습률 ${rate}`,
    config: {
      ...{ framework: 'timm', model_name: 'resnet18', task_type: 'image_classification' },
      ...{ dataset_id, dataset_format: 'imagefolder', epochs, batch_size: 8, learning_rate: rate },
      advanced_config: { image_size: 32 },
    },
  })
  return job.id
}

test('a job is started, and learns', async ({ page, server }) => {
  jobId = await prepare(page, server, 3)
  await page.goto(`/training/${jobId}`)
  await expect(page.getByRole('heading', { level: 1 })).toContainText('⏳')
  await page.getByRole('button', { name: '학습 시작' }).click()
  await expect(page.getByRole('heading', { level: 1 })).toContainText('실행 중')
  await expect(page.getByText('처음부터 학습: 설치된 사전 학습 가중치가 없습니다')).toBeVisible({
    timeout: LEARNS_MS,
  })
  await expectAccessible(page)
  await expect(page.getByRole('heading', { level: 1 })).toContainText('완료', {
    timeout: LEARNS_MS,
  })
})

test('validation, checkpoints, log and settings can be read', async ({ page, server }) => {
  await server.login(page)
  await page.goto(`/training/${jobId}?tab=validation`)
  await expect(page.getByText('최고 에폭', { exact: false }).first()).toBeVisible()
  await page
    .getByRole('button', { name: /^실제 .* 예측/ })
    .first()
    .click()
  const drawer = page.getByRole('dialog')
  await expect(drawer.getByRole('listitem').first()).toBeVisible()
  await drawer
    .getByRole('button', { name: /jpg|png/ })
    .first()
    .click()
  await expect(
    page.getByRole('dialog').last().getByRole('list', { name: '상위 예측' }),
  ).toBeVisible()
  await page.keyboard.press('Escape')
  await page.keyboard.press('Escape')
  await expect(page.getByRole('dialog')).toHaveCount(0)
  await expectAccessible(page)

  await page.getByRole('tab', { name: /체크포인트/ }).click()
  await expect(page).toHaveURL(/tab=checkpoints/)
  const download = page.waitForEvent('download')
  await page.getByRole('button', { name: /best.* 다운로드/ }).click()
  expect((await download).suggestedFilename()).toMatch(/best.*\.safetensors$/)
  await expectAccessible(page)

  await page.getByRole('tab', { name: '로그' }).click()
  await page.getByLabel('로그 검색').fill('trained from scratch')
  await expect(page.locator('mark')).toHaveText('trained from scratch')
  await expectAccessible(page)

  await page.getByRole('tab', { name: '설정' }).click()
  await page.getByRole('button', { name: 'YAML' }).click()
  await expect(page.getByRole('region', { name: 'yaml' })).toContainText('model_name: resnet18')
  await expectAccessible(page)
})

test('photos are predicted, and remembered', async ({ page, server }) => {
  await server.login(page)
  await page.goto(`/projects/${projectId}/inference?job=${jobId}`)
  const folder = join(photos, 'val', readdirSync(join(photos, 'val'))[0]!)
  const files = readdirSync(folder).slice(0, 2).map((name) => join(folder, name)) // prettier-ignore
  await page.locator('input[type=file]').setInputFiles(files)
  const results = page.getByRole('region', { name: '추론 결과' })
  await expect(results.getByText('#1')).toHaveCount(2, { timeout: LEARNS_MS })
  await expect(results.getByText(/^\d+\.\d\d%$/).first()).toBeVisible()
  await expect(results.getByText(/추론 시간 [\d.]+ ms/).first()).toBeVisible()
  await expectAccessible(page)
  await page.reload()
  await expect(page.getByText('#1')).toHaveCount(2)
  await page
    .getByRole('button', { name: /기록 삭제/ })
    .first()
    .click()
  await page.getByRole('dialog').getByRole('button', { name: '삭제', exact: true }).click()
  await expect(page.getByText('#1')).toHaveCount(1)
})

test('a picture that is none is refused in words, and the others go on', async ({
  page,
  server,
}) => {
  await server.login(page)
  await page.goto(`/projects/${projectId}/inference?job=${jobId}`)
  await page.locator('input[type=file]').setInputFiles([
    { name: 'broken.jpg', mimeType: 'image/jpeg', buffer: Buffer.from('no picture') },
  ]) // prettier-ignore
  await expect(page.getByRole('alert')).toBeVisible({ timeout: LEARNS_MS })
  await expect(page.getByRole('button', { name: '다시 시도' })).toBeVisible()
})

test('two runs are compared, in English', async ({ page, server }) => {
  await server.login(page)
  await page.addInitScript(() => localStorage.setItem('locale', 'en'))
  const other = await makeJob(server, datasetId, 2, 0.01)
  await server.call('POST', `/api/v1/training/jobs/${other}/start`, {})
  await page.goto(`/projects/${projectId}/compare`)
  await page.getByRole('button', { name: 'Add or remove runs' }).first().click()
  await page.getByRole('checkbox').first().click()
  await page.getByRole('checkbox').nth(1).click()
  await page.getByRole('button', { name: 'Compare (2)' }).click()
  await expect(page).toHaveURL(/jobs=\d+%2C\d+|jobs=\d+,\d+/)
  const settings = page.getByRole('region', { name: 'Settings', exact: true })
  await expect(settings.getByRole('row', { name: /learning_rate/ })).toContainText('0.01')
  await expect(settings.getByRole('row', { name: /model_name/ })).toHaveCount(0)
  await expect(page.getByRole('figure', { name: 'Accuracy of all runs' })).toBeVisible()
  await expectAccessible(page)
  await page
    .getByRole('button', { name: /^Remove/ })
    .first()
    .click()
  await expect(page.getByRole('button', { name: /^Remove/ })).toHaveCount(1)
})

test('a job is stopped and cloned with the keyboard alone', async ({ page, server }) => {
  await server.login(page)
  const id = await makeJob(server, datasetId, 60, 0.002)
  await page.goto(`/training/${id}`)
  await page.getByRole('button', { name: '학습 시작' }).focus()
  await page.keyboard.press('Enter')
  await expect(page.getByRole('button', { name: '중지' })).toBeVisible({ timeout: LEARNS_MS })
  await page.getByRole('tab', { name: '개요' }).focus()
  for (const tab of [1, 2]) {
    await page.keyboard.press('ArrowRight')
    await expect(page.getByRole('tab').nth(tab)).toBeFocused()
  }
  await expect(page.getByRole('tab', { name: /체크포인트/ })).toBeFocused()
  await page.getByRole('button', { name: '작업 더 보기' }).focus()
  await page.keyboard.press('Enter')
  const clone = page.getByRole('menuitem', { name: '복제' })
  while (!(await clone.evaluate((item) => item === document.activeElement)))
    await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await expect(page).not.toHaveURL(new RegExp(`/training/${id}($|\\?)`))
  await expect(page.getByRole('heading', { level: 1 })).toContainText('⏳')
  await server.call('POST', `/api/v1/training/jobs/${id}/cancel`, {})
})
