import { QueryClient, QueryClientProvider } from '@tanstack/react-query'
import { cleanup, fireEvent, render, screen } from '@testing-library/react'
import type { ReactNode } from 'react'
import { afterEach, beforeAll, beforeEach, expect, it, vi } from 'vitest'
import { addWords, setLocale } from '@/i18n/i18n'
import { ImageGallery } from './image-gallery'

vi.mock('@/ui/virtual', () => ({
  VirtualGrid: ({ children }: { children: (index: number) => ReactNode }) => children(0),
}))
vi.mock('@/canvas/object-canvas', () => ({ ObjectCanvas: () => <input aria-label="threshold" /> }))

const TOTAL = 61 // one more than a page

beforeAll(async () => {
  await setLocale('en', false)
  await addWords('training', 'charts')
})
beforeEach(() =>
  vi.stubGlobal('fetch', async (request: Request) => {
    const skip = Number(new URL(request.url).searchParams.get('skip'))
    const count = Math.min(60, TOTAL - skip)
    const images = Array.from({ length: count }, (_, i) => ({
      image_name: `${skip + i + 1}.jpg`,
      image_url: '/x',
    }))
    return new Response(JSON.stringify({ images }), {
      headers: { 'Content-Type': 'application/json' },
    })
  }),
)
afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
})

it('is leafed through by arrow keys, beyond what was loaded', async () => {
  render(
    <QueryClientProvider client={new QueryClient()}>
      <ImageGallery jobId={1} datasetId={null} epoch={1} filter={{}} height="1rem" />
    </QueryClientProvider>,
  )
  fireEvent.click(await screen.findByRole('button', { name: /^1\.jpg/ }))
  await screen.findByRole('heading', { name: '1.jpg' })
  fireEvent.keyDown(screen.getByLabelText('threshold'), { key: 'ArrowRight' })
  fireEvent.keyDown(document.body, { key: 'ArrowLeft' })
  expect(screen.getByRole('heading', { name: '1.jpg' })).toBeTruthy()
  for (let index = 2; index <= TOTAL; index++) {
    fireEvent.keyDown(document.body, { key: 'ArrowRight' })
    await screen.findByRole('heading', { name: `${index}.jpg` })
    if (index === 58) await new Promise((resolve) => setTimeout(resolve, 50)) // the next page comes
  }
  fireEvent.keyDown(document.body, { key: 'ArrowRight' })
  expect(screen.getByRole('heading', { name: `${TOTAL}.jpg` })).toBeTruthy()
})
