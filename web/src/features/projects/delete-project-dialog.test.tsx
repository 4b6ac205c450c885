import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react'
import { afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { addWords, setLocale } from '@/i18n/i18n'
import { DeleteProjectDialog } from './delete-project-dialog'

const json = (body: unknown, status = 200) =>
  new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } })
const conflict = (detail: string) => json({ detail, code: 'CONFLICT' }, 409)

let deletions: string[]
let refusals: string[]
const onClose = vi.fn()

beforeAll(async () => {
  await setLocale('en', false)
  await addWords('projects')
})
beforeEach(async () => {
  deletions = []
  refusals = []
  vi.stubGlobal('fetch', async (request: Request) => {
    const { pathname, search } = new URL(request.url)
    if (pathname === '/api/v1/datasets') return json({ datasets: [], total: 2 })
    deletions.push(search)
    const refusal = refusals.shift()
    return refusal ? conflict(refusal) : json({ message: 'Project deleted' })
  })
  render(
    <QueryClientProvider client={new QueryClient()}>
      <DeleteProjectDialog
        project={{ id: 3, name: 'cats', experiment_count: 4 } as never}
        onClose={onClose}
      />
    </QueryClientProvider>,
  )
  await screen.findByRole('dialog')
})
afterEach(() => {
  cleanup()
  vi.clearAllMocks()
  vi.unstubAllGlobals()
})
const press = async (name: string) => fireEvent.click(await screen.findByRole('button', { name }))

it('names what goes with it', async () => {
  expect(screen.getByText(/4 experiments/)).toBeTruthy()
  expect(await screen.findByText(/Its 2 datasets are deleted too/)).toBeTruthy()
})

it('stops what runs only when it is told to', async () => {
  refusals = ['The project has running jobs; stop them first, or use force=1']
  await press('Delete')
  await press('Stop and delete')
  await waitFor(() => expect(onClose).toHaveBeenCalledOnce())
  expect(deletions).toEqual(['', '?force=1'])
})

it('says what another project has against it, where nothing can be forced', async () => {
  refusals = [
    "Training job 9 of another project runs with the dataset 'pets': the project can be deleted when that has ended",
  ]
  await press('Delete')
  expect((await screen.findByRole('alert')).textContent).toMatch(/another project \(9\).*“pets”/)
  expect(screen.getByRole('button', { name: 'Delete' })).toBeTruthy()
  expect(onClose).not.toHaveBeenCalled()
})
