import { expect, it } from 'vitest'
import { frontPriority } from './priority'

it('finds the priority of the front, for those who are not there', () => {
  const jobs = [
    { id: 1, priority: 5 },
    { id: 2, priority: 5 },
    { id: 3, priority: -1 },
  ]
  expect(frontPriority(jobs, jobs[2]!)).toBe(6)
  expect(frontPriority(jobs, jobs[1]!)).toBe(6)
  expect(frontPriority(jobs, jobs[0]!)).toBeNull()
  expect(frontPriority([{ id: 1, priority: 1000 }, { id: 2 }], { id: 2 })).toBeNull()
})
