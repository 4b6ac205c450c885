import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { cleanup, fireEvent, render, screen } from '@testing-library/react'
import { MemoryRouter, useLocation } from 'react-router-dom'
import { afterEach, beforeAll, expect, it, vi } from 'vitest'
import { keys } from '@/api/keys'
import { addWords, setLocale } from '@/i18n/i18n'
import InvitePage from './invite-page'

const invitation = {
  status: 'pending',
  project_id: 3,
  project_name: 'Cats',
  inviter: 'Ann',
  role: 'member',
  email: 'new@b.c',
  message: null,
}

function Address() {
  const { pathname, search } = useLocation()
  return <output>{pathname + search}</output>
}

beforeAll(async () => {
  globalThis.matchMedia ??= () => new EventTarget() as MediaQueryList
  await setLocale('en', false)
  await addWords('members')
})
afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
})

it('lets who has an account log in without losing the invitation', () => {
  const client = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity } } })
  client.setQueryData(keys.me, null)
  client.setQueryData(keys.invitation('abc'), invitation as never)
  render(
    <QueryClientProvider client={client}>
      <MemoryRouter
        initialEntries={['/invite?token=abc']}
        future={{ v7_startTransition: true, v7_relativeSplatPath: true }}
      >
        <InvitePage />
        <Address />
      </MemoryRouter>
    </QueryClientProvider>,
  )
  fireEvent.click(screen.getByText('I have an account: log in instead'))
  expect(screen.getByRole('status').textContent).toBe('/invite?token=abc')
  expect(screen.getByRole('button', { name: 'Log in' })).toBeTruthy()
  expect(screen.queryByLabelText(/^Name/)).toBeNull()
  expect(screen.getByText(/Ann/)).toBeTruthy()
})
