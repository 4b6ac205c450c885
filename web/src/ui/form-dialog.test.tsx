import { cleanup, fireEvent, render, screen } from '@testing-library/react'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { ApiError } from '@/api/errors'
import { setLocale } from '@/i18n/i18n'
import { FormDialog } from './form-dialog'
import type { Running } from './form'

const onSubmit = vi.fn()
const onClose = vi.fn()

async function show(running: Running) {
  render(
    <FormDialog
      title="A form"
      running={running}
      fields={['name']}
      onSubmit={onSubmit}
      onClose={onClose}
    >
      <input aria-label="Name" />
    </FormDialog>,
  )
  await screen.findByRole('dialog')
}
const send = () => fireEvent.submit(screen.getByLabelText('Name').closest('form')!)

beforeAll(() => setLocale('en'))
afterEach(() => {
  cleanup()
  vi.clearAllMocks()
})

describe('a form over the page', () => {
  it('is sent once, and closed by its button', async () => {
    await show({ isPending: false, error: null })
    send()
    expect(onSubmit).toHaveBeenCalledTimes(1)
    fireEvent.click(screen.getByRole('button', { name: 'Cancel' }))
    expect(onClose).toHaveBeenCalledTimes(1)
    expect(screen.queryByRole('alert')).toBeNull()
  })
  it('is not sent again while it is on its way', async () => {
    await show({ isPending: true, error: null })
    send()
    expect(onSubmit).not.toHaveBeenCalled()
    expect(screen.getByRole('button', { name: 'Save' }).getAttribute('aria-busy')).toBe('true')
  })
  it('says what went wrong', async () => {
    await show({ isPending: false, error: new ApiError(500, 'HTTP_500', 'out of order') })
    expect(screen.getByRole('alert').textContent).toContain('out of order')
  })
  it('leaves to a field what is said there', async () => {
    const problem = { field: 'name', message: 'too long' }
    await show({
      isPending: false,
      error: new ApiError(422, 'HTTP_422', 'name: too long', [problem]),
    })
    expect(screen.queryByRole('alert')).toBeNull()
  })
})
