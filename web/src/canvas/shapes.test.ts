import { describe, expect, it } from 'vitest'
import { bonesOf, fit, shapeAt, shapesOf, shapesOfAnswer, visibleShapes, zoomed } from './shapes'

const row = (more: object) => ({ class_id: 1, label: 'cat', ...more })

describe('boxes', () => {
  it('begin at the corner in "xywh" and at the middle otherwise', () => {
    const [corner] = shapesOf([row({ bbox: [10, 20, 4, 6], format: 'xywh' })], 'truth')
    const [middle] = shapesOf([row({ bbox: [12, 23, 4, 6], format: 'yolo' })], 'found')
    const [corners] = shapesOf(
      [row({ bbox: [0, 0, 1, 1], x1: 10, y1: 20, x2: 14, y2: 26 })],
      'found',
    )
    for (const shape of [corner, middle, corners])
      expect(shape!.box).toEqual({ x: 10, y: 20, width: 4, height: 6 })
  })
  it('that cannot be read are left out', () => {
    expect(shapesOf([row({}), null, 5, row({ bbox: [1, 2] })], 'found')).toEqual([])
    expect(shapesOf('nonsense', 'found')).toEqual([])
  })
  it('take masks and key points of an answer by their place', () => {
    const [, second] = shapesOfAnswer({
      predicted_boxes: [row({ x1: 0, y1: 0, x2: 1, y2: 1 }), row({ x1: 0, y1: 0, x2: 9, y2: 9 })],
      predicted_masks: [{}, { polygon: [[0, 0], [9, 0], [9, 9]] }],
      predicted_keypoints: [{}, { keypoints: [{ keypoint_id: 0, x: 3, y: 4, confidence: 0 }] }],
    }) // prettier-ignore
    expect(second!.polygons).toEqual([[[0, 0], [9, 0], [9, 9]]]) // prettier-ignore
    expect(second!.keypoints).toEqual([{ x: 3, y: 4, visible: false }])
  })
  it('read flat lists of points', () => {
    const [shape] = shapesOf(
      [row({ bbox: [0, 0, 9, 9], polygons: [[0, 0, 5, 0, 5, 5]], keypoints: [1, 2, 2, 3, 4, 0] })],
      'truth',
    )
    expect(shape!.polygons[0]).toEqual([[0, 0], [5, 0], [5, 5]]) // prettier-ignore
    expect(shape!.keypoints.map((p) => p.visible)).toEqual([true, false])
  })
})

describe('bones', () => {
  it('are those that are stated, as far as there are such points', () => {
    expect(bonesOf([[0, 1], [1, 2], [7, 1], 'x'], 3)).toEqual([[0, 1], [1, 2]]) // prettier-ignore
  })
  it('are those of a person where none are stated, and there are 17 points', () => {
    expect(bonesOf([], 17)).toHaveLength(19)
    expect(bonesOf(undefined, 5)).toEqual([])
  })
})

describe('what is seen', () => {
  const shapes = [
    ...shapesOf([row({ bbox: [0, 0, 100, 100], format: 'xywh' })], 'truth'),
    ...shapesOf([row({ bbox: [10, 10, 20, 20], format: 'xywh', confidence: 0.4 })], 'found'),
  ]
  it('is above the threshold; truths have none', () => {
    const kinds = (threshold: number) =>
      visibleShapes(shapes, { threshold, truths: true, found: true }).map((s) => s.kind)
    expect([kinds(0.3), kinds(0.5)]).toEqual([['truth', 'found'], ['truth']])
  })
  it('is the smallest thing under the pointer', () => {
    expect(shapeAt(shapes, 15, 15)?.kind).toBe('found')
    expect(shapeAt(shapes, 90, 90)?.kind).toBe('truth')
    expect(shapeAt(shapes, 101, 1)).toBeNull()
  })
})

describe('the view', () => {
  it('shows the whole image in the middle', () => {
    expect(fit({ width: 200, height: 100 }, { width: 100, height: 100 })).toEqual({
      scale: 0.5,
      x: 0,
      y: 25,
    })
  })
  it('keeps the point that is zoomed at', () => {
    const before = { scale: 2, x: 5, y: 7 }
    const after = zoomed(before, 3, { x: 50, y: 60 })
    const image = (v: typeof before) => [(50 - v.x) / v.scale, (60 - v.y) / v.scale]
    image(after).forEach((v, i) => expect(v).toBeCloseTo(image(before)[i]!))
  })
})
