import { describe, expect, it } from 'vitest'
import type { Schemas } from './client'
import { rounded, settingsOf, settingText } from './job-settings'
import { flatten } from './tree'
import type { Job } from './queries'

const job = {
  framework: 'timm',
  model_name: 'resnet18',
  epochs: 5,
  learning_rate: 0.1,
  optimizer: 'adam',
  advanced_config: { preset: 'small', optimizer: { type: 'sgd' }, extra: 1, imgsz: 320 },
} as unknown as Job
const schema = {
  framework: 'timm',
  task_type: null,
  presets: { small: { ema: true, optimizer: { type: 'adamw' } } },
  schema: {
    fields: [
      { name: 'optimizer.type', type: 'select', label: 'Optimizer', default: 'adamw', group: 'o' },
      { name: 'optimizer.learning_rate', type: 'number', label: 'LR', default: 0.001, group: 'o' },
      { name: 'ema', type: 'boolean', label: 'Average', default: false, group: 'o' },
      {
        ...{ name: 'image_size', alias: 'imgsz', type: 'number', label: 'Size' },
        ...{ default: 0, group: 'run' },
      },
      { name: 'seed', type: 'number', label: 'Seed', default: 42, group: 'run' },
    ],
  },
} as unknown as Schemas['ConfigSchema']

describe('settings of a job', () => {
  const value = (name: string) => settingsOf(job, schema).find((s) => s.name === name)
  it('are what was given, else the preset, else the default', () => {
    expect(value('optimizer.type')).toMatchObject({ value: 'sgd', given: true })
    expect(value('ema')).toMatchObject({ value: true, given: false })
    expect(value('seed')).toMatchObject({ value: 42, given: false })
  })
  it('hold what the schema does not know, and no second learning rate', () => {
    expect(value('extra')).toMatchObject({ value: 1, given: true })
    expect(value('optimizer.learning_rate')).toBeUndefined()
    expect(value('learning_rate')).toMatchObject({ value: 0.1 })
  })
  it('tell one optimizer of a detector: its own word, else that of the job', () => {
    const fields = [{ name: 'optimizer_type', type: 'select', default: 'auto' }]
    const detectors = { ...schema, presets: {}, schema: { fields } } as typeof schema
    const told = (advanced_config: object) =>
      settingsOf({ ...job, advanced_config } as Job, detectors)
        .filter(({ name }) => name.startsWith('optimizer'))
        .map(({ name, value }) => [name, value])
    expect(told({ optimizer_type: 'auto' })).toEqual([['optimizer_type', 'auto']])
    expect(told({})).toEqual([['optimizer_type', 'adam']])
  })
  it('have their own names, whatever name they were given by', () => {
    expect(value('image_size')).toMatchObject({ value: 320, given: true })
    expect(value('imgsz')).toBeUndefined()
  })
  it('are written without the noise of binary fractions', () => {
    expect(settingText(0.050000000000000003)).toBe('0.05')
    expect(rounded({ a: [0.1 + 0.2] })).toEqual({ a: [0.3] })
  })
  it('are flattened, lists stay whole', () => {
    expect(flatten({ a: { b: 1 }, c: [1, 2] })).toEqual({ 'a.b': 1, c: [1, 2] })
  })
})
