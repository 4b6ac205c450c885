import { act, cleanup, fireEvent, render, screen } from '@testing-library/react'
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import { setLocale } from '@/i18n/i18n'
import { CopyLine } from './copy-button'
import { Dialog } from './dialog'
import { Toaster } from './toast'

let copied: string | null
let isAllowed: boolean

/** As a browser does it: what is selected in the field that has the focus. */
function execCommand(): boolean {
  const at = document.activeElement
  if (!isAllowed || !(at instanceof HTMLTextAreaElement)) return false
  copied = at.value.slice(at.selectionStart, at.selectionEnd)
  return true
}

async function press() {
  const button = await screen.findByRole('button', { name: 'Copy' })
  button.focus()
  await act(async () => fireEvent.click(button))
  return button
}

beforeAll(() => setLocale('en', false))
beforeEach(() => {
  copied = null
  isAllowed = true
  document.execCommand = execCommand
})
afterEach(() => {
  cleanup()
  vi.unstubAllGlobals()
})

describe('[copy] without https', () => {
  it('copies in a dialog too, and leaves the focus where it was', async () => {
    render(
      <Dialog title="A key" onClose={() => undefined}>
        <CopyLine text="fv_123" />
      </Dialog>,
    )
    const button = await press()
    expect(copied).toBe('fv_123')
    expect(button.getAttribute('aria-label')).toBe('Copied')
    expect(document.activeElement).toBe(button)
    expect(document.querySelector('textarea')).toBeNull()
  })
  it('says so when nothing was copied', async () => {
    isAllowed = false
    render(
      <>
        <CopyLine text="fv_123" />
        <Toaster />
      </>,
    )
    const button = await press()
    expect(button.getAttribute('aria-label')).toBe('Copy')
    expect(await screen.findByText(/^Could not copy/)).toBeTruthy()
  })
})

it('copies by the command where the clipboard is forbidden', async () => {
  vi.stubGlobal('isSecureContext', true)
  const writeText = vi.fn(() => Promise.reject(new DOMException('', 'NotAllowedError')))
  vi.stubGlobal('navigator', { ...navigator, clipboard: { writeText } })
  render(<CopyLine text="fv_123" />)
  await press()
  expect(writeText).toHaveBeenCalledWith('fv_123')
  expect(copied).toBe('fv_123')
})
