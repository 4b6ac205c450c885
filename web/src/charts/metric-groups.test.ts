import { describe, expect, it } from 'vitest'
import { chartsOf, defaultMetrics, kindOf } from './metric-groups'

describe('metrics', () => {
  it('are losses, shares or something else', () => {
    const names = ['loss', 'val_loss', 'train_box_loss', 'step_loss', 'accuracy', 'top5_accuracy']
    expect(names.map(kindOf)).toEqual(['loss', 'loss', 'loss', 'loss', 'share', 'share'])
    const others = ['mAP50-95', 'mAP50(M)', 'recall(B)', 'rss_mb', 'learning_rate', 'seconds']
    expect(others.map(kindOf)).toEqual(['share', 'share', 'share', 'other', 'other', 'other'])
  })
  it('share a chart only where their units agree', () => {
    const axes = { loss: 'epoch', step_loss: 'step', rss_mb: 'step' }
    expect(chartsOf(['loss', 'accuracy', 'step_loss', 'rss_mb'], axes)).toEqual([
      { id: 'epoch', axis: 'epoch', left: ['loss'], right: ['accuracy'] },
      { id: 'step', axis: 'step', left: ['step_loss'], right: [] },
      { id: 'rss_mb', axis: 'step', left: ['rss_mb'], right: [] },
    ])
  })
  it('begin with the loss and what the job is judged by', () => {
    expect(defaultMetrics(['loss', 'accuracy'], 'accuracy')).toEqual(['loss', 'accuracy'])
    expect(defaultMetrics(['loss', 'accuracy', 'mAP50'], 'mAP50')).toEqual(['loss', 'mAP50'])
    expect(defaultMetrics([], 'accuracy')).toEqual(['loss', 'accuracy'])
  })
})
