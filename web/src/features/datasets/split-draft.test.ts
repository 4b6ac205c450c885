import { expect, it } from 'vitest'
import { draftOf, problemOf } from './split-draft'

const draft = (train: string, val: string, test: string) => ({ train, val, test, seed: '1' })

it('begins with what is, in percents that make 100', () => {
  expect(draftOf({ train: 1500, val: 300, test: 0 })).toMatchObject({ train: '83', val: '17' })
  expect(draftOf({ train: 1, val: 1, test: 1 })).toMatchObject({
    train: '34',
    val: '33',
    test: '33',
  })
  expect(problemOf(draftOf({ train: 0, val: 0, test: 0 }))).toBeNull()
})
it('takes shares that make 100, with something to train on', () => {
  expect(problemOf(draft('70', '20', '10'))).toBeNull()
  expect(problemOf(draft('70', '20', '11'))).toBe('must_be_100')
  expect(problemOf(draft('120', '-20', '0'))).toBe('must_be_100')
  expect(problemOf(draft('', '100', '0'))).toBe('must_be_100')
  expect(problemOf(draft('0', '100', '0'))).toBe('train_needed')
})
