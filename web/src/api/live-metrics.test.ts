import { describe, expect, it } from 'vitest'
import { LiveMetrics } from './live-metrics'

describe('live metrics', () => {
  it('keep epochs in order, each once, with what is known of them', () => {
    const metrics = new LiveMetrics()
    metrics.add(1, { loss: 2 })
    metrics.add(3, { loss: 1, f1: 0.5 })
    metrics.add(2, { loss: 1.5 })
    metrics.add(3, { loss: 0.9 })
    expect([...metrics.column('epoch')]).toEqual([1, 2, 3])
    expect([...metrics.column('loss')]).toEqual([2, 1.5, 0.9])
    expect([...metrics.column('f1')]).toEqual([NaN, NaN, 0.5])
  })
  it('grow', () => {
    const metrics = new LiveMetrics()
    for (let epoch = 1000; epoch >= 1; epoch--) metrics.add(epoch, { loss: epoch })
    expect(metrics.count).toBe(1000)
    expect([...metrics.column('loss')]).toEqual(Array.from({ length: 1000 }, (_, i) => i + 1))
  })
})
