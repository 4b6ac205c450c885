import { act, cleanup, render, screen } from '@testing-library/react'
import { useRef } from 'react'
import { createMemoryRouter, Outlet, RouterProvider } from 'react-router-dom'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { useArrival } from './use-arrival'

function Frame() {
  const content = useRef<HTMLElement>(null)
  useArrival(content)
  return (
    <>
      <button>outside</button>
      <main ref={content} tabIndex={-1}>
        <Outlet />
      </main>
    </>
  )
}

let router: ReturnType<typeof createMemoryRouter>
const scroll = vi.fn()
const go = (to: string | number) => act(() => router.navigate(to as never))
const outside = () => screen.getByRole('button', { name: 'outside' })

beforeEach(() => {
  vi.stubGlobal('scrollTo', scroll)
  const children = [{ path: '*', element: <p>page</p> }]
  router = createMemoryRouter([{ element: <Frame />, children }], { initialEntries: ['/queue'] })
  render(<RouterProvider router={router} />)
  outside().focus()
})
afterEach(() => {
  cleanup()
  scroll.mockClear()
  vi.unstubAllGlobals()
})

it('begins a new page at its top, with the focus in it', async () => {
  expect(document.activeElement).toBe(outside())
  await go('/profile')
  expect(scroll).toHaveBeenCalledExactlyOnceWith(0, 0)
  expect(document.activeElement).toBe(screen.getByRole('main'))
})

it('leaves the place alone where the page is the same, or says its own', async () => {
  await go('/queue?q=x')
  await go('/guide#training')
  expect(scroll).not.toHaveBeenCalled()
  await go('/admin')
  expect(scroll).toHaveBeenCalledOnce()
  outside().focus()
  await go('/admin/users')
  await go(-1)
  await go(-1)
  expect(scroll).toHaveBeenCalledOnce()
  expect(document.activeElement).toBe(outside())
})
