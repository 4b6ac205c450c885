import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react'
import { MemoryRouter } from 'react-router-dom'
import { afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { keys } from '@/api/keys'
import { addWords, setLocale } from '@/i18n/i18n'
import { emptyDraft, loadDraft, saveDraft, withModel, type Draft } from './draft'
import QuickExperimentDialog from './quick-dialog'

const model = {
  framework: 'timm',
  model_name: 'resnet18',
  display_name: 'ResNet-18',
  task_types: ['image_classification'],
  recommended_batch_size: 32,
  recommended_lr: 0.001,
} as never
const options = ['adam', 'adamw', 'sgd']
const answer = {
  schema: {
    fields: [
      { name: 'image_size', type: 'number', integer: true, default: 0, min: 0, max: 64 },
      { name: 'optimizer.type', type: 'select', default: 'adamw', options },
      { name: 'optimizer.learning_rate', type: 'number', default: 0.001 },
    ],
  },
  presets: { fine_tuning: { optimizer: { type: 'sgd', learning_rate: 0.0001 } } },
}
const long: Draft = {
  ...withModel(emptyDraft, model),
  dataset_id: 'd1',
  preset: 'fine_tuning',
  typed: { image_size: 32 },
  tags: 'a, b',
  notes: 'why',
  pretrained: false,
  priority: 5,
}

const send = vi.fn<(body: unknown) => void>()

beforeAll(async () => {
  await setLocale('en', false)
  await addWords('wizard')
})
beforeEach(() => {
  sessionStorage.clear()
  send.mockClear()
  vi.stubGlobal('fetch', async (request: Request) => {
    if (request.method === 'POST') send(await request.json())
    return new Response(JSON.stringify({ id: 1, datasets: [] }), { status: 200 })
  })
})
afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
})

async function show(draft: Draft) {
  saveDraft(3, draft)
  const client = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity } } })
  client.setQueryData(keys.models({}), [model])
  client.setQueryData(keys.configSchema('timm', 'image_classification'), answer as never)
  const onClose = vi.fn()
  render(
    <QueryClientProvider client={client}>
      <MemoryRouter future={{ v7_startTransition: true, v7_relativeSplatPath: true }}>
        <QuickExperimentDialog projectId={3} onClose={onClose} />
      </MemoryRouter>
    </QueryClientProvider>,
  )
  await screen.findByRole('dialog')
  return onClose
}
const create = () => fireEvent.click(screen.getByRole('button', { name: 'Create training' }))

it('creates with all that the long way has, and says what that is', async () => {
  const onClose = await show(long)
  expect((screen.getByLabelText(/^Learning Rate/) as HTMLInputElement).value).toBe('0.0001')
  const rest = screen.getByText(/Fine-tuning/).textContent
  expect(rest).toContain('1 value modified')
  expect(rest).toContain('Tags: a, b')
  create()
  await waitFor(() => expect(onClose).toHaveBeenCalled())
  expect(send).toHaveBeenCalledWith({
    project_id: 3,
    experiment_name: null,
    tags: ['a', 'b'],
    notes: 'why',
    priority: 5,
    config: {
      framework: 'timm',
      model_name: 'resnet18',
      task_type: 'image_classification',
      dataset_id: 'd1',
      epochs: 50,
      batch_size: 32,
      learning_rate: 0.0001,
      optimizer: 'sgd',
      pretrained: false,
      advanced_config: { optimizer: { type: 'sgd' }, image_size: 32 },
    },
  })
  expect(loadDraft(3)).toEqual(emptyDraft)
})

it('says nothing of a rest where there is none', async () => {
  await show({
    ...long,
    preset: null,
    typed: {},
    tags: '',
    notes: '',
    pretrained: true,
    priority: 0,
  })
  expect(screen.queryByText('This goes along from the draft')).toBeNull()
})

it('does not create what the long way would not', async () => {
  const text = { format: 'yaml', source: 'nonsense: 1' } as const
  await show({ ...long, typed: { image_size: 99 }, text })
  expect(screen.getByText('Mend 1 value in “All settings”')).toBeTruthy()
  create()
  fireEvent.click(screen.getByRole('button', { name: 'Discard the text' }))
  create()
  expect(send).not.toHaveBeenCalled()
  expect(loadDraft(3)).toMatchObject({ typed: { image_size: 99 }, text: null })
})
