import { expect, it } from 'vitest'
import { createRate } from './rate'

it('is the speed of the last seconds', () => {
  const rate = createRate()
  expect(rate.note(0, 0)).toBeNull()
  expect(rate.note(100, 100)).toBeNull()
  expect(rate.note(1000, 1000)).toBe(1000)
  for (let second = 2; second <= 20; second++) rate.note(1000 + (second - 1) * 50, second * 1000)
  expect(rate.note(1000 + 20 * 50, 21_000)).toBeCloseTo(50, 0)
  rate.restart()
  expect(rate.note(5000, 22_000)).toBeNull()
})
