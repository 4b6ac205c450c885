/* draw.ts - shapes on a 2D context, in pixels of the screen. */
import { bonesOf, classColor, type Shape, type View } from './shapes'

type Look = {
  dark: boolean
  labels: boolean
  hovered: Shape | null
  /** see bonesOf() */
  skeleton: unknown
}

const FONT = '600 12px system-ui, sans-serif'
const LABEL_HEIGHT = 17

/** Confidence, and how a truth or a finding was judged. */
function textOf(shape: Shape): string {
  const percent = shape.confidence === null ? '' : ` ${(100 * shape.confidence).toFixed(0)}%`
  return shape.label + percent
}

function drawMask(context: CanvasRenderingContext2D, shape: Shape, view: View, color: string) {
  if (!shape.polygons.length) return
  context.beginPath()
  for (const ring of shape.polygons) {
    ring.forEach(([x, y], i) => {
      const at = [x * view.scale + view.x, y * view.scale + view.y] as const
      if (i) context.lineTo(...at)
      else context.moveTo(...at)
    })
    context.closePath()
  }
  context.globalAlpha = 0.32
  context.fillStyle = color
  context.fill('evenodd')
  context.globalAlpha = 1
}

function drawSkeleton(
  context: CanvasRenderingContext2D,
  shape: Shape,
  view: View,
  color: string,
  skeleton: unknown,
) {
  const at = shape.keypoints.map((p) => ({
    x: p.x * view.scale + view.x,
    y: p.y * view.scale + view.y,
    visible: p.visible,
  }))
  context.setLineDash([])
  context.lineWidth = 2.5
  context.strokeStyle = color
  context.beginPath()
  for (const [a, b] of bonesOf(skeleton, at.length)) {
    const [from, to] = [at[a]!, at[b]!]
    if (!from.visible || !to.visible) continue
    context.moveTo(from.x, from.y)
    context.lineTo(to.x, to.y)
  }
  context.stroke()
  for (const point of at) {
    if (!point.visible) continue
    context.beginPath()
    context.arc(point.x, point.y, 3.5, 0, 2 * Math.PI)
    context.fillStyle = color
    context.fill()
    context.lineWidth = 1
    context.strokeStyle = '#fff'
    context.stroke()
  }
}

function drawLabel(context: CanvasRenderingContext2D, shape: Shape, view: View, color: string) {
  const text = textOf(shape)
  const width = context.measureText(text).width + 8
  const x = shape.box.x * view.scale + view.x
  const top = shape.box.y * view.scale + view.y
  // Truths say their name below, so that both can be read where both lie on each other.
  const y =
    shape.kind === 'truth'
      ? top + shape.box.height * view.scale
      : top < LABEL_HEIGHT
        ? top
        : top - LABEL_HEIGHT
  context.fillStyle = color
  context.fillRect(x - 1, y, width, LABEL_HEIGHT)
  context.fillStyle = '#101014'
  context.fillText(text, x + 3, y + 12.5)
}

export function drawShapes(
  context: CanvasRenderingContext2D,
  shapes: readonly Shape[],
  view: View,
  { dark, labels, hovered, skeleton }: Look,
): void {
  context.font = FONT
  const color = (shape: Shape) => classColor(shape.classId, labels || dark)
  for (const shape of shapes) drawMask(context, shape, view, color(shape))
  for (const shape of shapes) {
    const { box } = shape
    context.lineWidth = shape === hovered ? 4 : 2
    context.setLineDash(shape.kind === 'truth' ? [7, 4] : [])
    context.strokeStyle = color(shape)
    context.strokeRect(
      box.x * view.scale + view.x,
      box.y * view.scale + view.y,
      box.width * view.scale,
      box.height * view.scale,
    )
    if (shape.keypoints.length) drawSkeleton(context, shape, view, color(shape), skeleton)
  }
  context.setLineDash([])
  for (const shape of shapes)
    if (labels || shape === hovered) drawLabel(context, shape, view, color(shape))
}
