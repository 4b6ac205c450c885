import { expect, it } from 'vitest'
import { areaBelow, classesToShow, countsOf, worstPairs } from './confusion'

const counts = [
  [8, 2, 0],
  [0, 5, 5],
  [1, 0, 9],
]

it('finds the commonest mistakes', () => {
  expect(worstPairs(counts, 2)).toEqual([
    { truth: 1, predicted: 2, count: 5, share: 0.5 },
    { truth: 0, predicted: 1, count: 2, share: 0.2 },
  ])
})
it('shows the classes with most mistakes where not all fit', () => {
  expect(classesToShow(counts, 3)).toEqual([0, 1, 2])
  expect(classesToShow(counts, 2)).toEqual([1, 2])
})
it('takes nothing but a matrix', () => {
  expect(countsOf(null)).toBeNull()
  expect(countsOf([])).toBeNull()
  expect(countsOf([[1]])).toEqual([[1]])
})
it('measures the area below a curve', () => {
  expect(areaBelow([0, 0.5, 1], [1, 1, 0])).toBeCloseTo(0.75)
})
