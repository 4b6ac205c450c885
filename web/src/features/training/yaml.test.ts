import { expect, it } from 'vitest'
import { toYaml } from './yaml'

it('writes settings as YAML', () => {
  const settings = {
    model_name: 'resnet18',
    pretrained: true,
    notes: null,
    tags: ['a', 'true', '1e3', 'with: colon'],
    empty: {},
    optimizer: { type: 'adamw', betas: [0.9, 0.999] },
    prompts: [{ text: 'cat', weight: 2 }],
  }
  expect(toYaml(settings)).toBe(
    [
      'model_name: resnet18',
      'pretrained: true',
      'notes: null',
      'tags:',
      '  - a',
      '  - "true"',
      '  - "1e3"',
      '  - "with: colon"',
      'empty: {}',
      'optimizer:',
      '  type: adamw',
      '  betas:',
      '    - 0.9',
      '    - 0.999',
      'prompts:',
      '  - text: cat',
      '    weight: 2',
      '',
    ].join('\n'),
  )
})
