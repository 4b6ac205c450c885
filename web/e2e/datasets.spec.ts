import type { Page } from '@playwright/test'
import { appendFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expectAccessible } from './axe'
import { draw, drawSample, spoil, type Sample } from './photos'
import { expect, test, type Server } from './server'

test.describe.configure({ mode: 'serial' })

let sample: Sample
let project = 0

test.beforeAll(() => {
  sample = drawSample(3, 12)
  spoil(sample)
})
test.afterAll(() => sample.remove())

async function open(page: Page, server: Server) {
  await server.login(page)
  project ||= (await server.call<{ id: number }>('POST', '/api/v1/projects', { name: '도형' })).id
  await page.goto(`/projects/${project}/datasets`)
}

const choose = (page: Page) =>
  page.locator('input[webkitdirectory]').first().setInputFiles(sample.folder)
const uploadButton = (page: Page) => page.getByRole('button', { name: '업로드', exact: true })

test('a folder is uploaded through a lost connection, checked, and mended', async ({
  page,
  server,
}) => {
  await open(page, server)
  await page.getByRole('button', { name: '데이터셋 업로드' }).first().click()
  await uploadButton(page).click()
  await expect(page.getByRole('alert').first()).toContainText('파일을 선택하세요')
  await choose(page)
  await expect(page.getByText('파일 2개는 올리지 않습니다')).toBeVisible()
  await expect(page.getByText('빈 파일 1개')).toBeVisible()
  await expectAccessible(page)
  await page.getByLabel('이름').fill('도형 모음')
  await page.getByLabel('설명').fill('봄에 그린 것')

  let lost = 0
  await page.route('**/api/v1/uploads/*?*', (route) =>
    lost++ === 5 ? route.abort('connectionreset') : route.continue(),
  )
  await uploadButton(page).click()
  await expect(page).toHaveURL(/\/datasets\/[\w-]+$/, { timeout: 30_000 })
  expect(lost).toBeGreaterThan(5)
  await expect(page.getByRole('heading', { level: 1 })).toContainText('도형 모음')
  await expect(page.getByRole('heading', { level: 1 })).toContainText('준비됨', {
    timeout: 30_000,
  })
  await expect(page.getByText('봄에 그린 것')).toBeVisible()

  await page.getByRole('tab', { name: /문제/ }).click()
  await expect(page.getByText('파일이 잘렸거나 손상되었습니다').first()).toBeVisible()
  await expectAccessible(page)
  await page.getByRole('button', { name: /적용$/ }).click()
  await expect(page.getByText(/수정으로 빠짐: [2-9]/)).toBeVisible({ timeout: 30_000 })
})

test('labels are mended by what is proposed', async ({ page, server }) => {
  const objects = draw('objects', { task: 'object_detection', train: 6, val: 2, image_size: 64 })
  const labels = join(objects.folder, 'labels/train')
  const [first] = readdirSync(labels).sort()
  appendFileSync(join(labels, first!), '0 0.98 0.5 0.1 0.1\n0 0.5 0.5 0.2\n')
  await open(page, server)
  await page.getByRole('button', { name: '데이터셋 업로드' }).first().click()
  await page.locator('input[webkitdirectory]').first().setInputFiles(objects.folder)
  await page.getByLabel('이름').fill('고칠 라벨')
  await uploadButton(page).click()
  await expect(page).toHaveURL(/\/datasets\/[\w-]+$/, { timeout: 30_000 })
  await page.getByRole('tab', { name: /문제/ }).click()
  await expect(page.getByText('값이 5개여야 하는데 4개입니다')).toBeVisible({ timeout: 30_000 })
  await expect(page.getByText(new RegExp(`/labels/train/${first}:\\d+$`))).toHaveCount(2)
  await expectAccessible(page)
  await page.getByRole('button', { name: '수정 2건 적용' }).click()
  await expect(page.getByText('적용한 수정 2건')).toBeVisible({ timeout: 30_000 })
  await expect(page.getByRole('button', { name: /적용$/ })).toBeHidden()
  objects.remove()
})

test('a full disk is told of in words, nothing typed is lost, and it goes on', async ({
  page,
  server,
}) => {
  await open(page, server)
  await page.getByRole('button', { name: '데이터셋 업로드' }).click()
  await choose(page)
  await page.getByLabel('이름').fill('두 번째')
  let isFull = true
  await page.route('**/api/v1/uploads/*?*', (route) =>
    isFull
      ? route.fulfill({ status: 507, json: { detail: 'no space', code: 'NO_SPACE' } })
      : route.continue(),
  )
  await uploadButton(page).click()
  await expect(page.getByRole('alert')).toContainText('서버 디스크가 가득 찼습니다')
  await page.getByRole('button', { name: '입력 내용 고치기' }).click()
  await expect(page.getByLabel('이름')).toHaveValue('두 번째')
  await expect(page.getByText('멈춘 곳부터 이어서 올립니다')).toBeVisible()
  isFull = false
  await page.getByRole('button', { name: '이어서 올리기' }).click()
  await expect(page).toHaveURL(/\/datasets\/[\w-]+$/, { timeout: 30_000 })
})

test('an upload goes on after the page was loaded anew and the server restarted', async ({
  page,
  server,
}) => {
  await open(page, server)
  await page.getByRole('button', { name: '데이터셋 업로드' }).click()
  await choose(page)
  await page.getByLabel('이름').fill('세 번째')
  let sent = 0
  await page.route('**/api/v1/uploads/*?*', (route) => {
    if (sent++ < 20) return route.continue()
    return new Promise(() => {}) // the rest hangs
  })
  await uploadButton(page).click()
  await expect.poll(() => sent).toBeGreaterThan(20)
  page.on('dialog', (dialog) => void dialog.accept())
  await page.reload()
  await page.unrouteAll({ behavior: 'ignoreErrors' })
  await server.restart()
  await expect(page.getByText('중단된 업로드: 세 번째')).toBeVisible({ timeout: 20_000 })
  await choose(page)
  await expect(page.getByLabel('이름')).toHaveValue('세 번째')
  let again = 0
  await page.route('**/api/v1/uploads/*?*', (route) => {
    again++
    return route.continue()
  })
  await page.getByRole('button', { name: '이어서 올리기' }).click()
  await expect(page).toHaveURL(/\/datasets\/[\w-]+$/, { timeout: 30_000 })
  expect(again).toBeLessThan(sample.files)
  const { datasets } = await server.call<{ datasets: { name: string; file_count: number }[] }>(
    'GET',
    `/api/v1/datasets?project_id=${project}`,
  )
  const counts = new Map(datasets.map(({ name, file_count }) => [name, file_count]))
  expect(counts.get('세 번째')).toBe(counts.get('두 번째'))
})

test('images are seen by class and one after the other, with the keyboard', async ({
  page,
  server,
}) => {
  await open(page, server)
  await page.getByRole('link', { name: '두 번째' }).click()
  await page.getByRole('tab', { name: '이미지' }).click()
  await page.getByRole('combobox', { name: '클래스' }).focus()
  await page.keyboard.press('Enter')
  await page.getByRole('option', { name: 'square' }).focus()
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/class=square/)
  await expect(page.getByText('파일 15개')).toBeVisible()
  await page
    .getByRole('button', { name: /square.*열기/ })
    .first()
    .focus()
  await page.keyboard.press('Enter')
  const dialog = page.getByRole('dialog')
  await expect(dialog).toContainText('15개 중 1번째')
  await page.keyboard.press('ArrowRight')
  await expect(dialog).toContainText('15개 중 2번째')
  await page.keyboard.press('End')
  await expect(dialog).toContainText('15개 중 15번째')
  await expectAccessible(page)
  await page.keyboard.press('Escape')
  await expect(dialog).toBeHidden()
})

test('the split is changed, and the data set deleted', async ({ page, server }) => {
  await open(page, server)
  await page.getByRole('link', { name: '두 번째' }).click()
  await page.getByRole('tab', { name: '분할' }).click()
  await page.getByLabel('학습 %').fill('60')
  await page.getByRole('button', { name: '나누기' }).click()
  await expect(page.getByRole('alert')).toContainText('100%')
  await page.getByLabel('검증 %').fill('40')
  await page.getByRole('button', { name: '나누기' }).click()
  await page.getByRole('dialog').getByRole('button', { name: '나누기' }).click()
  await expect(page.getByText(/위치가 바뀌었습니다/).first()).toBeVisible()
  await page.getByRole('button', { name: '작업', exact: true }).click()
  await page.getByRole('menuitem', { name: '삭제' }).click()
  await page.getByRole('dialog').getByRole('button', { name: '삭제' }).click()
  await expect(page).toHaveURL(/\/projects\/\d+\/datasets$/)
  await expect(page.getByRole('link', { name: '두 번째' })).toHaveCount(0)
})
