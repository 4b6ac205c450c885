import { afterEach, expect, it, vi } from 'vitest'

afterEach(() => vi.unstubAllGlobals())

/** The locks of a browser: one after the other for all its tabs. */
function stubLocks() {
  let last: Promise<unknown> = Promise.resolve()
  const request = (_name: string, work: () => Promise<unknown>) => (last = last.then(work))
  vi.stubGlobal('navigator', { language: 'en', locks: { request } })
}

/** Each has the modules for itself. */
async function openTab() {
  vi.resetModules()
  return import('./session')
}

it('is refreshed by one tab after the other', async () => {
  stubLocks()
  const [one, two] = [await openTab(), await openTab()]
  let underWay = 0
  let most = 0
  const send = vi.fn(async () => {
    most = Math.max(most, ++underWay)
    await new Promise((resolve) => setTimeout(resolve, 5))
    underWay--
    return new Response('{}')
  })
  const both = Promise.all([one.refreshSession(send), two.refreshSession(send)])
  expect(await both).toEqual([true, true])
  expect(send).toHaveBeenCalledTimes(2)
  expect(most).toBe(1)
})

it('is refreshed where the page may not lock', async () => {
  vi.stubGlobal('navigator', { language: 'en' })
  const tab = await openTab()
  expect(await tab.refreshSession(async () => new Response('{}'))).toBe(true)
})
