import { describe, expect, it } from 'vitest'
import type { ConfigSchema, Model } from './api'
import { configText, readConfigText } from './config-text'
import { nest } from './config-values'
import { choiceOf, emptyDraft, jobBody, loadDraft, saveDraft, withModel, type Draft } from './draft'

const model = {
  framework: 'timm',
  model_name: 'resnet18',
  task_types: ['image_classification'],
  recommended_batch_size: 32,
  recommended_lr: 0.001,
} as unknown as Model
const schema: ConfigSchema = {
  fields: [
    { name: 'batch_size', alias: 'batch', type: 'number', integer: true, default: 32, min: 1 },
    {
      ...{ name: 'image_size', alias: 'imgsz', type: 'number', integer: true },
      ...{ default: 0, min: 0, max: 1280 },
    },
    { name: 'optimizer.type', type: 'select', default: 'adamw', options: ['adam', 'adamw', 'sgd'] },
    { name: 'optimizer.learning_rate', type: 'number', default: 0.001, min: 1e-6, max: 1 },
    { name: 'ema', type: 'boolean', default: false },
  ],
  presets: { fine: { optimizer: { type: 'sgd', learning_rate: 0.0001 } } },
}
const draft: Draft = withModel(emptyDraft, model)

describe('the configuration as a text', () => {
  it.each(['yaml', 'json'] as const)('says the same when it is read back: %s', (format) => {
    const changed: Draft = { ...draft, preset: 'fine', epochs: 3, typed: { image_size: 64 } }
    const text = configText(changed, model, schema, format)
    const { change, problems } = readConfigText(text, format, changed, model, schema)
    expect(problems).toEqual([])
    expect({ ...changed, ...change }).toEqual({ ...changed })
  })
  it('takes a whole request, and resets what is not in it', () => {
    const before: Draft = { ...draft, epochs: 7, typed: { ema: true } }
    const text = JSON.stringify({
      project_id: 1,
      config: {
        framework: 'timm',
        batch_size: 8,
        advanced_config: { optimizer: { learning_rate: 0.5 } },
      },
    })
    const { change } = readConfigText(text, 'json', before, model, schema)
    expect(change).toMatchObject({ batch_size: 8, learning_rate: 0.5, typed: {} })
    expect(change!.epochs).toBeUndefined()
  })
  it('knows the names that other programs use', () => {
    const { change } = readConfigText('imgsz: 96\nbatch: 4\n', 'yaml', draft, model, schema)
    expect(change).toMatchObject({ batch_size: 4, typed: { image_size: 96 } })
  })
  it('names what is wrong and changes nothing', () => {
    const read = (text: string, format: 'yaml' | 'json') =>
      readConfigText(text, format, draft, model, schema)
    expect(read('a: 1\nb', 'yaml').problems).toEqual([{ kind: 'syntax', line: 2, reason: 'colon' }])
    expect(read('{"a": 1,\n x}', 'json').problems[0]).toMatchObject({ kind: 'syntax' })
    expect(read('[1]', 'json').problems).toEqual([{ kind: 'mapping' }])
    const { change, problems } = read('optimzer: 1\nepochs: 0\nema: maybe\n', 'yaml')
    expect(change).toBeUndefined()
    expect(problems).toEqual([
      { kind: 'unknown', name: 'optimzer' },
      { kind: 'value', name: 'epochs', problem: { kind: 'least', least: 1 } },
      { kind: 'value', name: 'ema', problem: { kind: 'boolean' } },
    ])
  })
})

describe('a draft', () => {
  it('becomes the body of a request', () => {
    const full: Draft = {
      ...draft,
      dataset_id: 'abc',
      preset: 'fine',
      typed: { image_size: 64 },
      tags: 'a, b,, a',
      name: '  x ',
    }
    expect(jobBody(3, full, model, schema, nest)).toEqual({
      project_id: 3,
      experiment_name: 'x',
      tags: ['a', 'b'],
      notes: null,
      priority: 0,
      config: {
        framework: 'timm',
        model_name: 'resnet18',
        task_type: 'image_classification',
        dataset_id: 'abc',
        epochs: 50,
        batch_size: 32,
        learning_rate: 0.0001,
        optimizer: 'sgd',
        pretrained: true,
        advanced_config: { optimizer: { type: 'sgd' }, image_size: 64 },
      },
    })
  })
  it('survives a reload, and leaves nothing behind when it is empty', () => {
    saveDraft(9, { ...draft, name: 'x', epochs: 'ten' })
    expect(loadDraft(9)).toMatchObject({ name: 'x', epochs: 'ten', model_name: 'resnet18' })
    expect(loadDraft(10)).toEqual(emptyDraft)
    saveDraft(9, emptyDraft)
    expect(sessionStorage.length).toBe(0)
    sessionStorage.setItem('new-experiment:9', '{broken')
    expect(loadDraft(9)).toEqual(emptyDraft)
  })
  it('names the format of a folder only: the server knows that of a data set', () => {
    const config = { framework: 'timm', model_name: 'resnet18', task_type: 'image_classification' }
    const by = (more: Partial<Draft>) => choiceOf({ ...draft, ...config, ...more })
    expect(by({ dataset_id: 'abc' })).toEqual({ ...config, dataset_id: 'abc' })
    expect(by({ dataset_path: ' /data ', dataset_format: 'yolo' })).toEqual({
      ...config,
      dataset_path: '/data',
      dataset_format: 'yolo',
    })
  })
  it('says which optimizer a detector has, or that it is chosen by itself', () => {
    const options = ['auto', 'adam', 'sgd']
    const field = { name: 'optimizer_type', type: 'select', default: 'auto', options }
    const configOf = (typed: Draft['typed']) =>
      jobBody(3, { ...draft, typed }, model, { fields: [field], presets: {} }, nest).config
    expect(configOf({}).advanced_config).toEqual({ optimizer_type: 'auto' })
    expect(configOf({})).not.toHaveProperty('optimizer')
    expect(configOf({ optimizer_type: 'sgd' })).toMatchObject({
      optimizer: 'sgd',
      advanced_config: { optimizer_type: 'sgd' },
    })
  })
})
