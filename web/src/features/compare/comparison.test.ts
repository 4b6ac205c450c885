import { describe, expect, it } from 'vitest'
import type { Job } from '@/api/queries'
import { bestOf, idsOf, settingRows, winners, type Series } from './comparison'

const series = (name: string, values: (number | null)[]): Series => ({
  name,
  axis: 'epoch',
  resolution: 1,
  x: values.map((_, i) => i + 1),
  min: values as number[],
  max: values as number[],
  last: values as number[],
})

describe('the best value', () => {
  it('is the greatest share, the least loss, the last of anything else', () => {
    expect(bestOf(series('accuracy', [0.1, 0.9, 0.5]))).toEqual({ value: 0.9, at: 2 })
    expect(bestOf(series('loss', [3, 1, 2]))).toEqual({ value: 1, at: 2 })
    expect(bestOf(series('seconds', [3, 1, null]))).toEqual({ value: 1, at: 2 })
    expect(bestOf(series('loss', [null]))).toBeNull()
  })
  it('of several runs is marked, unless all are equal', () => {
    const at = (value: number) => ({ value, at: 1 })
    expect([...winners('accuracy', [at(0.5), null, at(0.7)])]).toEqual([2])
    expect([...winners('loss', [at(0.5), at(0.7)])]).toEqual([0])
    expect([...winners('loss', [at(0.5), at(0.5)])]).toEqual([])
  })
})

it('settings that differ are told apart, with those that a run lacks', () => {
  const job = (more: object) => ({ model_name: 'a', epochs: 5, ...more }) as unknown as Job
  const rows = settingRows(
    [job({ advanced_config: { x: { y: 1 } } }), job({ epochs: 6, advanced_config: {} })],
    () => undefined,
  )
  expect(rows.filter((row) => row.differs).map((row) => row.name)).toEqual(['epochs', 'x.y'])
  expect(rows.find((row) => row.name === 'x.y')?.values).toEqual([1, undefined])
})

it('numbers of runs come from the address', () => {
  expect(idsOf('3,1,x,3,-2,1.5,4', 3)).toEqual([3, 1, 4])
  expect(idsOf(null, 3)).toEqual([])
})
