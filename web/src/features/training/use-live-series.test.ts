import { describe, expect, it } from 'vitest'
import type { Series } from './api'
import { withEpoch } from './use-live-series'

const series = (more: Partial<Series>): Series => ({
  name: 'loss',
  axis: 'epoch',
  resolution: 1,
  x: [1, 2],
  min: [0.9, 0.8],
  max: [0.9, 0.8],
  last: [0.9, 0.8],
  ...more,
})

describe('a live epoch', () => {
  it('stands at the end', () => {
    expect(withEpoch([series({})], 3, { loss: 0.7 })?.[0]).toMatchObject({
      x: [1, 2, 3],
      last: [0.9, 0.8, 0.7],
    })
  })
  it('replaces itself when it comes again', () => {
    expect(withEpoch([series({})], 2, { loss: 0.5 })?.[0]).toMatchObject({
      x: [1, 2],
      last: [0.9, 0.5],
    })
  })
  it('leaves series by step as they are', () => {
    const step = series({ name: 'step_loss', axis: 'step' })
    expect(withEpoch([step], 3, {})).toEqual([step])
  })
  it('is the server’s to tell where epochs are joined, missing or out of order', () => {
    expect(withEpoch([series({ resolution: 4 })], 3, { loss: 1 })).toBeNull()
    expect(withEpoch([series({})], 3, { accuracy: 1 })).toBeNull()
    expect(withEpoch([series({})], 1, { loss: 1 })).toBeNull()
  })
})
