/* hands.ts - who goes through a journey: somebody with a mouse, or with nothing but a keyboard. */
import { expect, type Locator, type Page } from '@playwright/test'

export type Hand = {
  /** a button, a link, a tab, a check box, a radio button */
  press: (target: Locator) => Promise<void>
  /** text instead of what is in the field */
  type: (target: Locator, text: string) => Promise<void>
  /** what a button that opens the browser's own dialog for files is given */
  give: (button: Locator, paths: string | readonly string[]) => Promise<void>
}

export function mouse(page: Page): Hand {
  const press = (target: Locator) => target.click()
  return { press, type: (target, text) => target.fill(text), give: giver(page, press) }
}

const giver =
  (page: Page, press: Hand['press']): Hand['give'] =>
  async (button, paths) => {
    const chooser = page.waitForEvent('filechooser')
    await press(button)
    await (await chooser).setFiles(paths as string | string[])
  }

const KEYS_MOST = 150

/** Which key leads from where the focus is to the element; null: it has the focus. */
function nextKey(element: Element): string | null {
  const focused = document.activeElement ?? document.body
  if (focused === element) return null
  const isBefore = focused.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_PRECEDING
  // One stop for Tab; inside, the arrows move.
  const group = element.closest('[role=tablist], [role=radiogroup]')
  if (group?.contains(focused)) return isBefore ? 'ArrowLeft' : 'ArrowRight'
  return isBefore ? 'Shift+Tab' : 'Tab'
}

/** A line around it, or a shadow: who cannot see where the focus is cannot go on. */
const showsFocus = (element: Element) => {
  const { outlineStyle, outlineWidth, boxShadow } = getComputedStyle(element)
  return (outlineStyle !== 'none' && parseFloat(outlineWidth) > 0) || boxShadow !== 'none'
}

/** Presses keys only; what they cannot reach, or what shows no focus, fails the test. */
export function keyboard(page: Page): Hand {
  const reach = async (target: Locator) => {
    await expect(target).toBeVisible()
    await expect(target).toBeEnabled()
    for (let pressed = 0; pressed < KEYS_MOST; pressed++) {
      const key = await target.evaluate(nextKey)
      if (!key) break
      await page.keyboard.press(key)
    }
    await expect(target, 'reached by keys').toBeFocused()
    await expect.poll(() => target.evaluate(showsFocus), 'the focus is seen').toBe(true)
  }
  const press = async (target: Locator) => {
    await reach(target)
    const isToggle = await target.evaluate((element) =>
      element.matches('[role=checkbox], [role=switch], input[type=checkbox]'),
    )
    await page.keyboard.press(isToggle ? 'Space' : 'Enter')
  }
  const type = async (target: Locator, text: string) => {
    await reach(target)
    await page.keyboard.press('Control+A')
    await page.keyboard.type(text)
    await expect(target).toHaveValue(text)
  }
  return { press, type, give: giver(page, press) }
}
