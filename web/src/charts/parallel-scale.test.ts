import { describe, expect, it } from 'vitest'
import { passes, scaleOf, type Axis } from './parallel-scale'

const axis = (values: Axis['values'], id = 'a'): Axis => ({ id, label: id, values })

describe('an axis', () => {
  it('of numbers goes from the least to the greatest', () => {
    const scale = scaleOf(axis([10, 20, 30]))
    expect([10, 15, 30].map(scale.place)).toEqual([0, 0.25, 1])
    expect(scale.ticks.map((tick) => tick.text)).toEqual(['10', '15', '20', '25', '30'])
  })
  it('of orders of magnitude is logarithmic', () => {
    const scale = scaleOf(axis([0.0001, 0.01, 1]))
    expect(scale.place(0.01)).toBeCloseTo(0.5)
  })
  it('of words has a place for each', () => {
    const scale = scaleOf(axis(['sgd', 'adam', 'sgd', null]))
    expect([scale.place('adam'), scale.place('sgd'), scale.place(null)]).toEqual([0, 1, null])
  })
  it('of one value shows it in the middle', () => {
    expect(scaleOf(axis([7, 7])).place(7)).toBe(0.5)
  })
})

it('a brush keeps the lines that pass through all of them', () => {
  const axes = [axis([1, 2, 3], 'a'), axis(['x', 'y', null], 'b')]
  const kept = (brushes: Parameters<typeof passes>[1]) =>
    [0, 1, 2].filter((line) => passes(axes, brushes, line))
  expect(kept({})).toEqual([0, 1, 2])
  expect(kept({ a: { from: 0.5, to: 1 } })).toEqual([1, 2])
  expect(kept({ a: { from: 0.5, to: 1 }, b: { from: 0, to: 1 } })).toEqual([1])
})
