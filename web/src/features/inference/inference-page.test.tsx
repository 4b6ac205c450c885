import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react'
import { MemoryRouter, Route, Routes } from 'react-router-dom'
import { afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { addWords, setLocale } from '@/i18n/i18n'
import InferencePage from './inference-page'

const json = (body: unknown, status = 200) =>
  new Response(JSON.stringify(body), { status, headers: { 'Content-Type': 'application/json' } })
const job = (id: number, accuracy: number) => ({
  id,
  project_id: 3,
  experiment_name: `run ${id}`,
  model_name: 'resnet18',
  task_type: 'image_classification',
  current_epoch: 4,
  accuracy,
})
const past = (id: number) => ({ id, image_name: `${id}.jpg`, image_url: '/x', predictions: [] })

let role: string
let history: number[]
let checkpoints: () => Response | Promise<Response>
let requests: string[]
let predicted: FormData[]

async function answer(request: Request): Promise<Response> {
  const { pathname, searchParams } = new URL(request.url)
  requests.push(`${request.method} ${pathname}`)
  if (pathname === '/api/v1/auth/me') return json({ id: 1, system_role: 'standard_engineer' })
  if (pathname === '/api/v1/projects/3') return json({ id: 3, name: 'p', user_role: role })
  if (pathname.endsWith('/experiments')) return json([job(11, 0.9), job(12, 0.8)])
  if (pathname.endsWith('/jobs/5')) return json(job(5, 0.1))
  if (pathname.endsWith('/checkpoints')) return checkpoints()
  if (request.method === 'DELETE') {
    history = history.filter((id) => !pathname.endsWith(`/${id}`))
    return json({ message: 'gone' })
  }
  if (pathname.endsWith('/inferences')) {
    const skip = Number(searchParams.get('skip'))
    return json({ total: history.length, inferences: history.slice(skip, skip + 24).map(past) })
  }
  if (pathname.endsWith('/test-inference')) return json({ predictions: [] })
  return json({ detail: 'Job not found', code: 'NOT_FOUND' }, 404)
}

beforeAll(async () => {
  await setLocale('en', false)
  await addWords('inference', 'canvas', 'charts')
})
beforeEach(() => {
  role = 'member'
  history = []
  checkpoints = () => json({ checkpoints: [{ id: 70, path: 'c/70.pt', filename: '70.pt' }] })
  requests = []
  predicted = []
  vi.stubGlobal('fetch', answer)
  vi.stubGlobal('scrollTo', () => {})
  URL.createObjectURL = () => 'blob:x'
  URL.revokeObjectURL = () => {}
  const { append } = FormData.prototype
  vi.spyOn(FormData.prototype, 'set').mockImplementation(function (this: FormData, ...given) {
    if (given[0] === 'training_job_id') predicted.push(this)
    append.apply(this, given as never)
  })
})
afterEach(() => {
  cleanup()
  vi.restoreAllMocks()
  vi.unstubAllGlobals()
})

function show(search = '') {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } })
  return render(
    <QueryClientProvider client={client}>
      <MemoryRouter initialEntries={[`/projects/3/inference${search}`]}>
        <Routes>
          <Route path="/projects/:projectId/inference" element={<InferencePage />} />
        </Routes>
      </MemoryRouter>
    </QueryClientProvider>,
  )
}
const isSaid = (text: string | RegExp) => screen.findByText(text)

function give(container: HTMLElement) {
  const input = container.querySelector<HTMLInputElement>('input[type=file]')!
  fireEvent.change(input, { target: { files: [new File(['x'], 'x.jpg', { type: 'image/jpeg' })] } })
}

it('takes the job of the address although the list lacks it', async () => {
  const { container } = show('?job=5')
  await isSaid('run 5')
  give(container)
  await waitFor(() => expect(predicted).toHaveLength(1))
  expect(predicted[0]!.get('training_job_id')).toBe('5')
})

it('says that the job of the address is not there, and takes no other', async () => {
  show('?job=6')
  await isSaid(/Job not found|not there|not found/i)
  expect(screen.queryByText('run 11')).toBeNull()
})

it('predicts with the checkpoint of the address once it is known', async () => {
  let release = (_: Response) => {}
  checkpoints = () => new Promise((resolve) => (release = resolve))
  const { container } = show('?job=11&checkpoint=70')
  await isSaid('run 11')
  give(container)
  await isSaid('Waiting')
  expect(predicted).toHaveLength(0)
  release(json({ checkpoints: [{ id: 70, path: 'c/70.pt', filename: '70.pt' }] }))
  await waitFor(() => expect(predicted).toHaveLength(1))
  expect(predicted[0]!.get('checkpoint_path')).toBe('c/70.pt')
})

it('shows why there are no checkpoints', async () => {
  checkpoints = () => json({ detail: 'The disk is on fire', code: 'INTERNAL' }, 500)
  show('?job=11&checkpoint=70')
  await isSaid(/The disk is on fire/)
})

it('takes the best in place of a checkpoint that is gone only when it is told to', async () => {
  const { container } = show('?job=11&checkpoint=71')
  await isSaid(/is not there/)
  give(container)
  await isSaid('Waiting')
  expect(predicted).toHaveLength(0)
  fireEvent.click(screen.getByRole('button', { name: 'Use the best' }))
  await waitFor(() => expect(predicted).toHaveLength(1))
  expect(predicted[0]!.has('checkpoint_path')).toBe(false)
})

it('forgets after a question, and goes to the page that is left', async () => {
  history = Array.from({ length: 25 }, (_, i) => i + 1)
  show('?job=11')
  await isSaid('1.jpg')
  fireEvent.click(screen.getByRole('button', { name: /Next/ }))
  await isSaid('25.jpg')
  fireEvent.click(screen.getByRole('button', { name: 'Forget 25.jpg' }))
  expect(requests.some((line) => line.startsWith('DELETE'))).toBe(false)
  fireEvent.click(await screen.findByRole('button', { name: 'Delete' }))
  await isSaid('1.jpg')
  expect(requests).toContain('DELETE /api/v1/test-inference/25')
})

it('lets nobody forget who may not', async () => {
  role = 'viewer'
  history = [1]
  show('?job=11')
  await isSaid('1.jpg')
  expect(screen.queryByRole('button', { name: 'Forget 1.jpg' })).toBeNull()
})
