import { expect, it } from 'vitest'
import { passwordProblem } from './password-problem'

const of = (current: string, next: string, again = next) =>
  passwordProblem({ current, next, again })?.words

it('names the first thing that is wrong', () => {
  expect(of('', 'long enough')).toBe('current_needed')
  expect(of('old one', 'short')).toBe('length')
  expect(of('same password', 'same password')).toBe('same')
  expect(of('old one', 'long enough', 'long enougH')).toBe('differ')
  expect(of('old one', 'long enough')).toBeUndefined()
})
