import { expectAccessible } from './axe'
import { admin, expect, test } from './server'

test.describe.configure({ mode: 'serial' })
test.use({ locale: 'en-US' })

test('the profile is changed, and an API key is made, used and removed', async ({
  page,
  server,
}) => {
  await server.login(page)
  await page.goto('/profile')
  await page.getByRole('textbox', { name: /^Name/ }).fill('Seoyeon Kim')
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByText('Your profile has been saved').first()).toBeVisible()

  await page.getByRole('button', { name: 'New API key' }).click()
  await page.getByRole('dialog').getByLabel('Name').fill('script')
  await page.keyboard.press('Enter')
  const key = await page.getByTestId('api-key').innerText()
  await expectAccessible(page)
  const ask = () =>
    fetch(server.url + '/api/v1/auth/me', { headers: { Authorization: `Bearer ${key}` } })
  expect((await (await ask()).json()).full_name).toBe('Seoyeon Kim')
  await page.getByRole('button', { name: 'I have copied it' }).click()
  await page.getByRole('button', { name: 'Remove the key script' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
  await expect(page.getByText('No API keys')).toBeVisible()
  expect((await ask()).status).toBe(401)
})

test('a wrong password is told of, a new one keeps the session', async ({ page, server }) => {
  await server.login(page)
  await page.goto('/profile')
  const change = async (current: string, next: string) => {
    await page.getByLabel('Current password').fill(current)
    await page.getByLabel('New password', { exact: true }).fill(next)
    await page.getByLabel('New password again').fill(next)
    await page.getByRole('button', { name: 'Change password' }).click()
  }
  await change('not this one', 'another password 1')
  await expect(page.getByRole('alert')).toContainText('current password is wrong')
  await change(admin.password, 'another password 1')
  await expect(page.getByText('The password has been changed').first()).toBeVisible()
  await page.reload()
  await change('another password 1', admin.password)
  await expect(page.getByText('The password has been changed').first()).toBeVisible()
})

test('an administrator makes an account, whose owner sets a password by the link', async ({
  page,
  server,
  browser,
}) => {
  await server.login(page)
  await page.goto('/admin/users')
  await page.getByRole('button', { name: 'New account' }).click()
  await page.getByRole('dialog').getByLabel('Email').fill('new@example.com')
  await page.keyboard.press('Enter')
  const link = await page.getByRole('dialog').locator('code').innerText()
  await page.keyboard.press('Escape')
  await expect(page.getByRole('cell', { name: 'new@example.com', exact: true })).toBeVisible()
  await expectAccessible(page)

  const other = await browser.newContext({ locale: 'en-US', baseURL: server.url })
  const theirs = await other.newPage()
  await theirs.goto(link)
  await theirs.getByLabel('Password').fill('a password of mine')
  await theirs.keyboard.press('Enter')
  await expect(theirs.getByRole('heading', { level: 1, name: 'Projects' })).toBeVisible()
  await theirs.goto('/admin')
  await expect(theirs.getByText('This page is for administrators')).toBeVisible()

  await page.getByRole('button', { name: 'Actions for new@example.com' }).click()
  await page.getByRole('menuitem', { name: 'Close the account' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Close the account' }).click()
  await expect(page.getByText('The account has been changed').first()).toBeVisible()
  await theirs.reload()
  await expect(theirs).toHaveURL(/\/login/)
  await other.close()
})

test('settings are kept, and a bad number is refused', async ({ page, server }) => {
  await server.login(page)
  await page.goto('/admin/settings')
  await page.getByLabel('Trainings at the same time').fill('0')
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByRole('alert')).toContainText('A whole number from 1')
  await page.getByLabel('Trainings at the same time').fill('2')
  await page.getByRole('button', { name: 'Save' }).click()
  await expect(page.getByText('The settings have been saved').first()).toBeVisible()
  await page.reload()
  await expect(page.getByLabel('Trainings at the same time')).toHaveValue('2')
})

test('the help button leads to the part of the guide about the page', async ({ page, server }) => {
  await server.login(page)
  await page.goto('/profile')
  await page.getByRole('link', { name: 'Help' }).click()
  await expect(page).toHaveURL(/\/guide#profile$/)
  await expect(page.getByRole('heading', { name: 'Your account and API keys' })).toBeInViewport()
})
