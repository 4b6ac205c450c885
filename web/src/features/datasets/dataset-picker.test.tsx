import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { cleanup, fireEvent, render, screen } from '@testing-library/react'
import { afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { keys } from '@/api/keys'
import { datasetsQuery } from '@/api/queries'
import { addWords, setLocale } from '@/i18n/i18n'
import DatasetPicker from './dataset-picker'

const dataset = (id: string, more: object) => ({
  id,
  name: id,
  format: 'imagefolder',
  visibility: 'private',
  status: 'ready',
  status_reason: null,
  task_type: 'image_classification',
  num_images: 12,
  num_classes: 2,
  total_size_bytes: 5000,
  class_distribution: { cat: 10, dog: 2 },
  ...more,
})

const all = [
  dataset('good', {}),
  dataset('boxes', { task_type: 'object_detection', format: 'yolo' }),
  dataset('broken', { status: 'not_ready', status_reason: 'no decodable image in train' }),
]

beforeAll(async () => {
  await setLocale('en', false)
  await addWords('datasets')
})
beforeEach(() =>
  vi.stubGlobal(
    'ResizeObserver',
    class {
      observe() {}
      disconnect() {}
    },
  ),
)
afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
})

function show(onChange = vi.fn()) {
  const client = new QueryClient({ defaultOptions: { queries: { staleTime: Infinity } } })
  client.setQueryData(keys.me, { id: 1, system_role: 'guest' } as never)
  client.setQueryData(keys.project(3), { id: 3, user_role: 'viewer' } as never)
  client.setQueryData(datasetsQuery(3).queryKey, { datasets: all, total: 3 } as never)
  render(
    <QueryClientProvider client={client}>
      <DatasetPicker
        projectId={3}
        taskType="image_classification"
        value="good"
        onChange={onChange}
      />
    </QueryClientProvider>,
  )
  return onChange
}

it('says of each data set whether it can be chosen, and why not', () => {
  show()
  expect(screen.getByRole('radio', { name: /good/ }).getAttribute('aria-checked')).toBe('true')
  expect(screen.getByRole('radio', { name: /boxes.*another task/ })).toBeTruthy()
  const broken = screen.getByRole('radio', { name: /broken.*No image to train with can be opened/ })
  expect(broken.getAttribute('aria-disabled')).toBe('true')
})

it('gives only one that fits', () => {
  const onChange = show()
  fireEvent.click(screen.getByRole('radio', { name: /broken/ }))
  fireEvent.click(screen.getByRole('radio', { name: /boxes/ }))
  expect(onChange).not.toHaveBeenCalled()
  fireEvent.click(screen.getByRole('radio', { name: /good/ }))
  expect(onChange).toHaveBeenCalledWith('good', all[0])
})

it('moves by arrow keys', () => {
  show()
  const radios = screen.getAllByRole('radio')
  radios[0]!.focus()
  fireEvent.keyDown(radios[0]!, { key: 'ArrowLeft' })
  expect(document.activeElement).toBe(radios[2])
})
