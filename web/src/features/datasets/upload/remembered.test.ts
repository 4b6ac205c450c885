import { afterEach, expect, it, vi } from 'vitest'

afterEach(() => localStorage.clear())

/** Each has the modules for itself, and all the same storage. */
async function openTab() {
  vi.resetModules()
  const { rememberedUploads, ...tab } = await import('./remembered')
  return { ...tab, shown: () => rememberedUploads.get().map(({ id }) => id) }
}

const entry = (id: string) => ({ id, projectId: 7, draft: { name: id }, batches: [] }) as never
const settle = () => new Promise((resolve) => setTimeout(resolve, 30))

it('are interrupted only where no tab is at them', async () => {
  const first = await openTab()
  first.claim('u1')
  first.remember(entry('u1'))
  first.remember(entry('u2')) // of an earlier visit
  const second = await openTab()
  await settle()
  expect(first.shown()).toEqual(['u2', 'u1'])
  expect(second.shown()).toEqual(['u2'])

  first.claim('u2')
  await settle()
  expect(second.shown()).toEqual([])
  first.release('u2')
  await settle()
  expect(second.shown()).toEqual(['u2'])

  first.forget('u1') // it has arrived
  await settle()
  expect(second.shown()).toEqual(['u2'])
})

it('are taken over when their tab goes', async () => {
  const first = await openTab()
  first.claim('u1')
  first.remember(entry('u1'))
  const second = await openTab()
  await settle()
  expect(second.shown()).toEqual([])
  dispatchEvent(new Event('pagehide'))
  await settle()
  expect(second.shown()).toEqual(['u1'])
})
