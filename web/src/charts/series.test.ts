import { describe, expect, it } from 'vitest'
import { align, smooth } from './series'

describe('align', () => {
  it('puts series of different places under one column of x', () => {
    const data = align([
      { x: [1, 3], columns: [[10, 30]] },
      { x: [2, 3], columns: [[NaN, 31]] },
    ])
    expect(data).toEqual([
      [1, 2, 3],
      [10, undefined, 30],
      [undefined, null, 31],
    ])
  })
})

describe('smooth', () => {
  it('begins at the first value and keeps a constant', () => {
    expect(smooth([4, 4, 4], 0.9).map((v) => v?.toFixed(6))).toEqual([
      '4.000000',
      '4.000000',
      '4.000000',
    ])
  })
  it('keeps gaps', () => {
    expect(smooth([1, NaN, null, 1], 0.5)).toEqual([1, null, null, 1])
  })
})
