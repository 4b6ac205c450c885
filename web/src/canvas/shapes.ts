/* shapes.ts - things on an image: what the server says of them in one form, and the geometry of
 * drawing them.  All lengths are pixels of the original image. */

type Point = { x: number; y: number; visible: boolean }
export type Shape = {
  kind: 'truth' | 'found'
  classId: number
  label: string
  box: { x: number; y: number; width: number; height: number }
  /** null: a truth, or not told */
  confidence: number | null
  /** how it was judged: "correct", "missed" ...; null: not at all */
  outcome: string | null
  /** outlines of a mask, holes the other way around */
  polygons: readonly (readonly (readonly [number, number])[])[]
  keypoints: readonly Point[]
}

type Row = Record<string, unknown>

const isRow = (value: unknown): value is Row => typeof value === 'object' && value !== null
const numbers = (value: unknown): number[] =>
  Array.isArray(value) ? value.filter((v): v is number => typeof v === 'number') : []

/** Corners where they are given; else "xywh" from the corner, any other format from the middle. */
function boxOf(row: Row): Shape['box'] | null {
  const corners = [row.x1, row.y1, row.x2, row.y2]
  if (corners.every((v) => typeof v === 'number')) {
    const [x1, y1, x2, y2] = corners as [number, number, number, number]
    return { x: x1, y: y1, width: x2 - x1, height: y2 - y1 }
  }
  const [a, b, width, height] = numbers(row.bbox)
  if (a === undefined || b === undefined || width === undefined || height === undefined) return null
  return row.format === 'xywh'
    ? { x: a, y: b, width, height }
    : { x: a - width / 2, y: b - height / 2, width, height }
}

type Ring = (readonly [number, number])[]

/** [[x, y], ...] or [x, y, x, y, ...] */
function ringOf(value: unknown): Ring {
  if (!Array.isArray(value)) return []
  if (Array.isArray(value[0]))
    return value.flatMap((p) => {
      const [x, y] = numbers(p)
      return x === undefined || y === undefined ? [] : [[x, y] as const]
    })
  const flat = numbers(value)
  return Array.from(
    { length: flat.length >> 1 },
    (_, i) => [flat[2 * i]!, flat[2 * i + 1]!] as const,
  )
}

const ringsOf = (row: Row): Ring[] =>
  (Array.isArray(row.polygons) ? row.polygons : row.polygon ? [row.polygon] : [])
    .map(ringOf)
    .filter((ring) => ring.length > 2)

/** Rows {x, y, confidence}, rows [x, y, v], or x, y, v one after the other. */
function pointsOf(value: unknown): Point[] {
  if (!Array.isArray(value)) return []
  const rows: unknown[] =
    typeof value[0] === 'number'
      ? Array.from({ length: Math.floor(value.length / 3) }, (_, i) =>
          value.slice(3 * i, 3 * i + 3),
        )
      : value
  return rows.flatMap((row) => {
    const [x, y, v = 1] = Array.isArray(row)
      ? numbers(row)
      : isRow(row)
        ? numbers([row.x, row.y, row.confidence ?? row.visibility ?? 1])
        : []
    return x === undefined || y === undefined ? [] : [{ x, y, visible: v > 0.05 }]
  })
}

/** Rows of true_boxes or predicted_boxes; what cannot be drawn is left out. */
export function shapesOf(
  rows: unknown,
  kind: Shape['kind'],
  names: readonly string[] = [],
): Shape[] {
  if (!Array.isArray(rows)) return []
  return rows.filter(isRow).flatMap((row) => {
    const box = boxOf(row)
    const classId = Number(row.class_id ?? row.label_id ?? 0)
    if (!box) return []
    return {
      kind,
      classId,
      label: String(row.label ?? names[classId] ?? classId),
      box,
      confidence: typeof row.confidence === 'number' ? row.confidence : null,
      outcome: typeof row.outcome === 'string' ? row.outcome : null,
      polygons: ringsOf(row),
      keypoints: pointsOf(row.keypoints),
    }
  })
}

/** A prediction's answer: boxes, with the masks and key points that stand in lists of their own. */
export function shapesOfAnswer(answer: unknown): Shape[] {
  if (!isRow(answer)) return []
  const at = (list: unknown, index: number): Row => {
    const row = Array.isArray(list) ? list[index] : undefined
    return isRow(row) ? row : {}
  }
  return shapesOf(answer.predicted_boxes, 'found').map((shape, index) => ({
    ...shape,
    polygons: shape.polygons.length ? shape.polygons : ringsOf(at(answer.predicted_masks, index)),
    keypoints: shape.keypoints.length
      ? shape.keypoints
      : pointsOf(at(answer.predicted_keypoints, index).keypoints),
  }))
}

type Bone = readonly [number, number]

/** Bones of the people of COCO, 17 points. */
const bones17: readonly Bone[] = [
  [15, 13], [13, 11], [16, 14], [14, 12], [11, 12], [5, 11], [6, 12], [5, 6], [5, 7], [6, 8],
  [7, 9], [8, 10], [1, 2], [0, 1], [0, 2], [1, 3], [2, 4], [3, 5], [4, 6],
] // prettier-ignore

/** What an answer, or a data set's description of its key points, says of bones. */
export const skeletonOf = (value: unknown) => (isRow(value) ? value.skeleton : undefined)

/** [[from, to], ...] as the server states it; without, only the people of COCO have bones. */
export function bonesOf(skeleton: unknown, count: number): readonly Bone[] {
  const stated = (Array.isArray(skeleton) ? skeleton : []).flatMap((pair): Bone[] => {
    const [from, to] = numbers(pair)
    return from === undefined || to === undefined || !(from < count && to < count)
      ? []
      : [[from, to]]
  })
  return stated.length || count !== 17 ? stated : bones17
}

/** Hues far apart for neighbours: steps of the golden angle. */
export const classColor = (classId: number, dark: boolean) =>
  `hsl(${((classId + 1) * 137.508) % 360} 85% ${dark ? 64 : 46}%)`

/** How an image lies in a view: screen = image * scale + offset. */
export type View = { scale: number; x: number; y: number }

export function fit(
  image: { width: number; height: number },
  view: { width: number; height: number },
): View {
  const scale = Math.min(view.width / image.width, view.height / image.height)
  return {
    scale,
    x: (view.width - image.width * scale) / 2,
    y: (view.height - image.height * scale) / 2,
  }
}

/** Zoomed around a point of the screen, which stays where it is. */
export const zoomed = (view: View, factor: number, at: { x: number; y: number }): View => ({
  scale: view.scale * factor,
  x: at.x - (at.x - view.x) * factor,
  y: at.y - (at.y - view.y) * factor,
})

type Filter = { threshold: number; truths: boolean; found: boolean }

export const visibleShapes = (shapes: readonly Shape[], filter: Filter) =>
  shapes.filter((s) =>
    s.kind === 'truth' ? filter.truths : filter.found && (s.confidence ?? 1) >= filter.threshold,
  )

/** The smallest thing under a point of the image. */
export function shapeAt(shapes: readonly Shape[], x: number, y: number): Shape | null {
  const under = shapes.filter(
    ({ box }) => x >= box.x && y >= box.y && x <= box.x + box.width && y <= box.y + box.height,
  )
  const area = (s: Shape) => s.box.width * s.box.height
  return under.sort((a, b) => area(a) - area(b))[0] ?? null
}
