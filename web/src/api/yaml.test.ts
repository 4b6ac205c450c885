import { describe, expect, it } from 'vitest'
import { fromYaml, toYaml, YamlError } from './yaml'

describe('yaml', () => {
  it('reads what it has written', () => {
    const tree = {
      epochs: 50,
      learning_rate: 1e-7,
      ema: true,
      none: null,
      text: 'a: b # c',
      yes: 'true',
      korean: '이름 하나',
      betas: [0.9, 0.999],
      deep: { er: { value: -3 }, empty: {} },
    }
    expect(fromYaml(toYaml(tree))).toEqual(tree)
  })
  it('reads what people write', () => {
    const text = `
# a comment
optimizer:
    type: sgd   # another
    betas: [0.9, .5]
names:
- one
- 'it''s'
"quoted key": "a # b"
flow: {a: 1, b: [2, 3]}
`
    expect(fromYaml(text)).toEqual({
      optimizer: { type: 'sgd', betas: [0.9, 0.5] },
      names: ['one', "it's"],
      'quoted key': 'a # b',
      flow: { a: 1, b: [2, 3] },
    })
    expect(fromYaml('# nothing\n')).toEqual({})
  })
  it.each([
    ['a: 1\n   b: 2', 2, 'indent'],
    ['a: 1\nwords', 2, 'colon'],
    ['a: 1\na: 2', 2, 'twice'],
    ['a:\n\tb: 2', 2, 'tab'],
    ['a: "x', 1, 'quote'],
    ['a: [1, 2', 1, 'bracket'],
    ['  a: 1\nb: 2', 2, 'indent'],
  ])('names the line of %j', (text, line, reason) => {
    expect(() => fromYaml(text)).toThrowError(expect.objectContaining({ line, reason }))
    expect(() => fromYaml(text)).toThrow(YamlError)
  })
  it('makes a member of every name', () => {
    const tree = fromYaml('__proto__:\n  a: 1') as object
    expect(Object.keys(tree)).toEqual(['__proto__'])
    expect(Object.getPrototypeOf(tree)).toBe(Object.prototype)
  })
  it.each([
    ['a: 1\n- b', 2],
    ['a:\n    b: 1\n  c: 2', 3],
    ['a: b: c', 1],
    ['a: {b: 1}}', 1],
    ['a: [1,\nb: 2', 2],
    ["a: 'x", 1],
    ['a: @x', 1],
    ['a: "x" y', 1],
    ['a: 1\n---\nb: 2', 2],
    ['a: *b', null],
  ])('refuses %j', (text, line) => {
    expect(() => fromYaml(text)).toThrowError(expect.objectContaining({ line }))
    expect(() => fromYaml(text)).toThrow(YamlError)
  })
  it('does not unfold what refers to itself a thousandfold', () => {
    const bomb = Array.from(
      { length: 9 },
      (_, i) => `a${i}: &a${i} [${i ? Array(9).fill(`*a${i - 1}`) : 'x'}]`,
    )
    expect(() => fromYaml(bomb.join('\n'))).toThrow(YamlError)
  })
  it('quotes what older readers would misread', () => {
    expect(toYaml({ a: 'yes', b: 'on', c: '010' })).toBe('a: "yes"\nb: "on"\nc: "010"\n')
  })
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
})
