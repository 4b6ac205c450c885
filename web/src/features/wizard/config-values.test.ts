import { describe, expect, it } from 'vitest'
import { flatten } from '@/api/tree'
import {
  baseValues,
  check,
  grouped,
  holds,
  nest,
  optionsOf,
  sentValues,
  type ConfigField,
} from './config-values'

const fields: ConfigField[] = [
  { name: 'seed', type: 'number', integer: true, default: 42, min: 0, max: 100, group: 'run' },
  {
    name: 'optimizer.type',
    type: 'select',
    default: 'adamw',
    options: [{ value: 'adamw', label: 'AdamW' }, 'sgd'],
    group: 'optimizer',
  },
  { name: 'optimizer.learning_rate', type: 'number', default: 0.001, group: 'optimizer' },
  {
    name: 'optimizer.nesterov',
    type: 'boolean',
    default: true,
    group: 'optimizer',
    visible_when: 'optimizer.type=sgd',
  },
  { name: 'optimizer.betas', type: 'array', default: [0.9, 0.999], min: 0, max: 0.9999 },
  { name: 'primary_metric', type: 'text', default: null, group: 'run' },
]

describe('values of a form', () => {
  it('are nested for the server and flat for the form', () => {
    const tree = { a: 1, b: { c: [1, 2], d: { e: 'x' } } }
    expect(flatten(tree)).toEqual({ a: 1, 'b.c': [1, 2], 'b.d.e': 'x' })
    expect(nest(flatten(tree))).toEqual(tree)
  })
  it('begin with the preset over the defaults, and lose none of these', () => {
    const base = baseValues(fields, { optimizer: { type: 'sgd' } })
    expect(base).toMatchObject({ seed: 42, 'optimizer.type': 'sgd', 'optimizer.nesterov': true })
  })
  it('are sent when preset or user gave them, and the field shows', () => {
    const preset = { optimizer: { type: 'adamw', learning_rate: 0.01, nesterov: false } }
    expect(sentValues(fields, preset, { seed: 7 })).toEqual({ 'optimizer.type': 'adamw', seed: 7 })
    expect(sentValues(fields, preset, { 'optimizer.type': 'sgd' })).toEqual({
      'optimizer.type': 'sgd',
      'optimizer.nesterov': false,
    })
    expect(sentValues(fields, null, {})).toEqual({})
  })
  it('are not sent when only the schema of another model has them', () => {
    const preset = { loss: { gain: 2 } }
    const typed = { seed: 7, label_smoothing: 0.1, 'loss.gain': 3 }
    expect(sentValues(fields, preset, typed)).toEqual({ seed: 7, 'loss.gain': 3 })
    expect(sentValues(fields, null, typed)).toEqual({ seed: 7 })
  })
  it('show under a condition', () => {
    const values = { 'scheduler.type': 'step', ema: true }
    expect(holds(undefined, values)).toBe(true)
    expect(holds('scheduler.type=step', values)).toBe(true)
    expect(holds('scheduler.type=cosine|step', values)).toBe(true)
    expect(holds('scheduler.type!=step', values)).toBe(false)
    expect(holds('ema', values)).toBe(true)
    expect(holds('ema=false', values)).toBe(false)
    expect(holds({ 'scheduler.type': ['step', 'none'] }, values)).toBe(true)
  })
  it('are checked as the server does', () => {
    const [seed, type, , nesterov, betas, metric] = fields as [
      ConfigField,
      ConfigField,
      ConfigField,
      ConfigField,
      ConfigField,
      ConfigField,
    ]
    expect(check(1.5, seed)).toEqual({ kind: 'integer' })
    expect(check(101, seed)).toEqual({ kind: 'most', most: 100 })
    expect(check(-1, seed)).toEqual({ kind: 'least', least: 0 })
    expect(check(null, seed)).toEqual({ kind: 'needed' })
    expect(check('x', seed)).toEqual({ kind: 'number' })
    expect(check('zzz', type)).toEqual({ kind: 'choice', choices: 'adamw, sgd' })
    expect(check('sgd', type)).toBeNull()
    expect(check(1, nesterov)).toEqual({ kind: 'boolean' })
    expect(check([0.9, 2], betas)).toEqual({ kind: 'most', most: 0.9999 })
    expect(check(0.9, betas)).toEqual({ kind: 'list' })
    expect(check(null, metric)).toBeNull()
  })
  it('come in groups, without what the form shows elsewhere', () => {
    expect(grouped(fields).map(([name, list]) => [name, list.length])).toEqual([
      ['run', 2],
      ['optimizer', 2],
      ['other_settings', 1],
    ])
    expect(optionsOf(fields[1]!)).toEqual([
      { value: 'adamw', label: 'AdamW' },
      { value: 'sgd', label: 'sgd' },
    ])
  })
})
