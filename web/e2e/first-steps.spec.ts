import { expectAccessible } from './axe'
import { admin, expect, test } from './server'

test.describe.configure({ mode: 'serial' })

test('log in, make a project, find it on the dashboard, log out', async ({ page, server }) => {
  await server.ensureAdmin()
  await page.goto('/queue')
  await expect(page).toHaveURL(/\/login\?next=%2Fqueue/)
  await page.getByLabel('이메일').fill(admin.email)
  await page.getByLabel('비밀번호').fill('wrong password')
  await page.getByRole('button', { name: '로그인' }).click()
  await expect(page.getByRole('alert')).toContainText('올바르지 않습니다')
  await page.getByLabel('비밀번호').fill(admin.password)
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/\/queue$/)

  await page.getByRole('link', { name: '프로젝트', exact: true }).click()
  await page.getByRole('button', { name: '새 프로젝트' }).first().click()
  await page.getByLabel('이름').fill('개와 고양이')
  await page.keyboard.press('Enter')
  await expect(page).toHaveURL(/\/projects\/\d+$/)
  await page.goto('/')
  await expect(page.getByRole('link', { name: '개와 고양이' })).toBeVisible()
  await expectAccessible(page)

  // What the server has not heard is no logout, and is said.
  await page.route('**/api/v1/auth/logout', (route) => route.abort(), { times: 1 })
  await page.getByRole('button', { name: /^계정/ }).click()
  await page.getByRole('menuitem', { name: '로그아웃' }).click()
  await expect(
    page.getByText(
      '서버가 응답하지 않습니다. 입력한 내용은 그대로 있으니 잠시 후 다시 시도하세요.',
      { exact: true },
    ),
  ).toBeVisible()
  await expect(page.getByRole('link', { name: '개와 고양이' })).toBeVisible()

  await page.getByRole('button', { name: /^계정/ }).click()
  await page.getByRole('menuitem', { name: '로그아웃' }).click()
  await expect(page).toHaveURL(/\/login/)
  await page.goto('/')
  await expect(page).toHaveURL(/\/login/)
})

test('the language can be changed and stays', async ({ page }) => {
  await page.goto('/login')
  await page.getByRole('button', { name: '언어' }).click()
  await page.getByRole('menuitem', { name: 'English' }).click()
  await expect(page.getByRole('heading', { name: 'Log in' })).toBeVisible()
  await page.reload()
  await expect(page.getByRole('heading', { name: 'Log in' })).toBeVisible()
})

test('an invitation that no one has given is refused in words', async ({ page }) => {
  await page.goto('/invite/0123456789abcdef')
  await expect(page.getByRole('alert')).toContainText('초대')
})
