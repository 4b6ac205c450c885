import AxeBuilder from '@axe-core/playwright'
import { expect, type Page } from '@playwright/test'

/** No violation that keeps somebody out; `where` names the page in a failure. */
export async function expectAccessible(page: Page, where = page.url()) {
  const { violations } = await new AxeBuilder({ page }).analyze()
  const serious = violations.filter((v) => v.impact === 'serious' || v.impact === 'critical')
  const words = serious.map((v) => `${v.id}: ${v.nodes.map((n) => n.target).join(' ')}`)
  expect(words, where).toEqual([])
}
