import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { cleanup, fireEvent, render, screen, waitFor } from '@testing-library/react'
import { createMemoryRouter, RouterProvider } from 'react-router-dom'
import { afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { keys } from '@/api/keys'
import { addWords, setLocale } from '@/i18n/i18n'
import { emptyDraft, loadDraft, saveDraft, withModel, type Draft } from './draft'
import { NewExperimentPage, type DatasetPickerProps } from './new-experiment-page'

const model = {
  framework: 'timm',
  model_name: 'resnet18',
  task_types: ['image_classification'],
} as never
const schema = {
  schema: { fields: [{ name: 'seed', type: 'number', default: 1 }] },
  presets: {},
}
const draft: Draft = withModel(emptyDraft, model)

const Picker = ({ value, onChange }: DatasetPickerProps) => (
  <button type="button" onClick={() => onChange('d2', { format: 'imagefolder' } as never)}>
    Chosen: {value}
  </button>
)

beforeAll(async () => {
  await setLocale('en', false)
  await addWords('wizard')
})
beforeEach(() => {
  sessionStorage.clear()
  vi.stubGlobal('scrollTo', () => undefined)
})
afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
})

function show(stored: Draft, address: string) {
  saveDraft(3, stored)
  const client = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity } } })
  client.setQueryData(keys.project(3), { id: 3, name: 'Cats' } as never)
  client.setQueryData(keys.models({}), [model])
  client.setQueryData(keys.configSchema('timm', 'image_classification'), schema as never)
  const router = createMemoryRouter(
    [{ path: '/projects/:projectId/new', element: <NewExperimentPage DatasetPicker={Picker} /> }],
    { initialEntries: [`/projects/3/new${address}`], future: { v7_relativeSplatPath: true } },
  )
  render(
    <QueryClientProvider client={client}>
      <RouterProvider router={router} future={{ v7_startTransition: true }} />
    </QueryClientProvider>,
  )
  return router
}

it('takes the data set of the address once', async () => {
  const router = show({ ...draft, dataset_path: '/data' }, '?step=dataset&dataset=d1')
  expect(await screen.findByText('Chosen: d1')).toBeTruthy()
  await waitFor(() => expect(router.state.location.search).toBe('?step=dataset'))
  expect(loadDraft(3)).toMatchObject({ dataset_id: 'd1', dataset_path: '' })
  fireEvent.click(screen.getByText('Chosen: d1'))
  expect(await screen.findByText('Chosen: d2')).toBeTruthy()
  cleanup()
  show(loadDraft(3), router.state.location.search) // a reload
  expect(await screen.findByText('Chosen: d2')).toBeTruthy()
})

it('does not go beyond a text of the configuration that does not hold', async () => {
  const text = { format: 'yaml', source: 'nonsense: 1' } as const
  show({ ...draft, dataset_id: 'd1', text }, '?step=config')
  const isOff = (name: RegExp) =>
    (screen.getByRole('button', { name }) as HTMLButtonElement).disabled
  expect(await screen.findByText(/is not applied yet/)).toBeTruthy()
  expect([isOff(/^Next/), isOff(/^Step 4/)]).toEqual([true, true])
  fireEvent.click(screen.getByRole('button', { name: 'Discard the text' }))
  expect([isOff(/^Next/), isOff(/^Step 4/)]).toEqual([false, false])
})
