import { cleanup, fireEvent, render, screen } from '@testing-library/react'
import { useState } from 'react'
import { afterEach, beforeAll, describe, expect, it } from 'vitest'
import { addWords, setLocale } from '@/i18n/i18n'
import type { ConfigSchema, Model } from './api'
import { ConfigStep, type ConfigView } from './config-step'
import { emptyDraft, withModel, type Draft } from './draft'

const model = {
  framework: 'timm',
  model_name: 'resnet18',
  task_types: ['image_classification'],
  recommended_batch_size: 32,
  recommended_lr: 0.001,
  pretrained_installed: false,
} as unknown as Model
const schema: ConfigSchema = {
  fields: [
    {
      name: 'image_size',
      type: 'number',
      integer: true,
      default: 0,
      min: 0,
      max: 64,
      group: 'run',
    },
    { name: 'new_thing', type: 'text', label: 'A new thing', default: null, group: 'run' },
    { name: 'threads', type: 'number', default: 0, group: 'run', advanced: true },
    {
      name: 'scheduler.type',
      type: 'select',
      default: 'cosine',
      options: ['cosine', 'step'],
      group: 'scheduler',
    },
    {
      name: 'scheduler.gamma',
      type: 'number',
      default: 0.1,
      group: 'scheduler',
      visible_when: 'scheduler.type=step',
    },
  ],
  presets: { fine_tuning: { scheduler: { type: 'step' }, image_size: 32 } },
}

let draft: Draft
function Step({ refused = {}, ...more }: { refused?: Record<string, string> } & Partial<Draft>) {
  const [held, setHeld] = useState<Draft>(() => ({ ...withModel(emptyDraft, model), ...more }))
  const [view, setView] = useState<ConfigView>('form')
  draft = held
  return (
    <ConfigStep
      draft={held}
      model={model}
      schema={schema}
      refused={refused}
      view={view}
      onView={setView}
      onChange={(change) => setHeld((now) => ({ ...now, ...change }))}
    />
  )
}

const value = (name: string) => (screen.getByLabelText(name) as HTMLInputElement).value
const type = (name: string, text: string) =>
  fireEvent.change(screen.getByLabelText(name), { target: { value: text } })

beforeAll(async () => {
  globalThis.ResizeObserver ??= class {
    observe() {}
    unobserve() {}
    disconnect() {}
  }
  await setLocale('en')
  await addWords('wizard')
})
afterEach(cleanup)

describe('the configuration step', () => {
  it('begins with what the model recommends, and says when weights are missing', () => {
    render(<Step />)
    expect(value('Epochs')).toBe('50')
    expect(value('Batch Size')).toBe('32')
    expect(value('Learning Rate')).toBe('0.001')
    expect(screen.getByText(/None are installed/)).toBeTruthy()
    expect(value('A new thing')).toBe('')
  })
  it('merges a preset over the defaults and shows the fields that then count', () => {
    render(<Step />)
    expect(screen.queryByLabelText('Gamma')).toBeNull()
    fireEvent.click(screen.getByRole('radio', { name: /^Fine-tuning/ }))
    expect(value('Image size')).toBe('32')
    expect(value('Gamma')).toBe('0.1')
    expect(value('Epochs')).toBe('50')
    expect(screen.queryByText('Modified')).toBeNull()
  })
  it('marks what was typed, resets one and all, and keeps numbers in the making', () => {
    render(<Step />)
    type('Learning Rate', '1e-')
    expect(value('Learning Rate')).toBe('1e-')
    expect(screen.getByText('Enter a number')).toBeTruthy()
    type('Learning Rate', '1e-3')
    expect(value('Learning Rate')).toBe('1e-3')
    expect(draft.learning_rate).toBe(0.001)
    type('Image size', '65')
    expect(screen.getByText('Must be at most 64')).toBeTruthy()
    type('Image size', '48')
    type('Epochs', '3')
    expect(screen.getByText('2 values modified')).toBeTruthy()
    fireEvent.click(screen.getByRole('button', { name: 'Reset: Image size' }))
    expect(value('Image size')).toBe('0')
    fireEvent.click(screen.getByRole('button', { name: 'Reset all' }))
    expect(value('Epochs')).toBe('50')
    expect(draft.typed).toEqual({})
  })
  it('counts nothing that was typed for a model with other settings', () => {
    render(<Step typed={{ image_size: 16, mosaic: 0.5 }} />)
    expect(value('Image size')).toBe('16')
    expect(screen.getByText('1 value modified')).toBeTruthy()
  })
  it('shows advanced fields on demand, and when the server complains of one', () => {
    const { unmount } = render(<Step />)
    expect(screen.queryByLabelText('Threads')).toBeNull()
    fireEvent.click(screen.getByRole('switch', { name: 'Show advanced settings' }))
    expect(value('Threads')).toBe('0')
    unmount()
    render(<Step refused={{ threads: 'too many' }} />)
    expect(screen.getByLabelText('Threads').getAttribute('aria-invalid')).toBe('true')
    expect(screen.getByText('too many')).toBeTruthy()
  })
  it('follows a text as soon as it holds', async () => {
    render(<Step />)
    fireEvent.click(screen.getByRole('button', { name: 'YAML' }))
    const source = 'Configuration (YAML)'
    await screen.findByLabelText(source)
    type(source, 'epochs: 3\nimage_size: [\n')
    expect(screen.getByText('Line 2: The brackets do not match')).toBeTruthy()
    expect(draft.epochs).toBeUndefined()
    expect(draft.text).toEqual({ format: 'yaml', source: 'epochs: 3\nimage_size: [\n' })
    type(source, 'epochs: 3\nimage_size: 16\n')
    expect(draft).toMatchObject({ epochs: 3, typed: { image_size: 16 }, text: null })
  })
  it('says in the other views that a text waits, and discards it', async () => {
    render(<Step />)
    fireEvent.click(screen.getByRole('button', { name: 'YAML' }))
    await screen.findByLabelText('Configuration (YAML)')
    type('Configuration (YAML)', 'nonsense: 1\n')
    expect(screen.queryByText(/is not applied yet/)).toBeNull()
    for (const view of ['JSON', 'Form']) {
      fireEvent.click(screen.getByRole('button', { name: view }))
      expect(await screen.findByText(/\(YAML\) is not applied yet/)).toBeTruthy()
    }
    fireEvent.click(screen.getByRole('button', { name: 'Discard the text' }))
    expect(draft.text).toBeNull()
    expect(screen.queryByText(/is not applied yet/)).toBeNull()
  })
  it('takes a kept text that has come to hold', async () => {
    const text = { format: 'yaml', source: 'image_size: 16\n' } as const
    render(<Step text={text} />)
    fireEvent.click(screen.getByRole('button', { name: 'YAML' }))
    await screen.findByLabelText('Configuration (YAML)')
    expect(draft).toMatchObject({ typed: { image_size: 16 }, text: null })
  })
})
