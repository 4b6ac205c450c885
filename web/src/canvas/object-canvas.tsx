/* object-canvas.tsx - an image with what is on it: boxes, masks, skeletons in the colours of their
 * classes; truths are dashed.  Wheel with Ctrl, + and -, the buttons zoom; dragging and arrow keys
 * move; 0 shows all.  A list of everything stands beside it for who does not see it. */
import {
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
  type KeyboardEvent,
  type PointerEvent,
} from 'react'
import { formatPercent } from '@/i18n/format'
import { useT } from '@/i18n/i18n'
import { IconButton } from '@/ui/button'
import { Checkbox } from '@/ui/checkbox'
import { Slider } from '@/ui/slider'
import { useIsDark } from '@/ui/use-theme'
import { drawShapes } from './draw'
import { shapeAt, visibleShapes, type Shape } from './shapes'
import { useImage } from './use-image'
import { useView, ZOOM_STEP, type Size } from './use-view'
import styles from './object-canvas.module.css'

type Props = {
  /** what the image is called */
  label: string
  /** a path of the API, or an object URL */
  image: string
  shapes: readonly Shape[]
  threshold: number
  onThreshold: (threshold: number) => void
  /** below it the server has sent nothing */
  least?: number
  /** pairs of key points that a line joins */
  skeleton?: unknown
}

const sizeOf = (image: HTMLImageElement | 'failed' | null): Size | null =>
  image && image !== 'failed' ? { width: image.naturalWidth, height: image.naturalHeight } : null

export function ObjectCanvas(props: Props) {
  const { label, image: path, shapes, threshold, onThreshold, least, skeleton } = props
  const t = useT()
  const dark = useIsDark()
  const image = useImage(path)
  const natural = sizeOf(image)
  const canvas = useRef<HTMLCanvasElement>(null)
  const { box, view, whole, shown, zoom, move, showAll, byKey } = useView(canvas, natural)
  const [truths, setTruths] = useState(true)
  const [found, setFound] = useState(true)
  const [labels, setLabels] = useState(true)
  const [hovered, setHovered] = useState<Shape | null>(null)
  const drag = useRef<{ x: number; y: number } | null>(null)
  const kinds = new Set(shapes.map((s) => s.kind))
  const seen = useMemo(
    () => visibleShapes(shapes, { threshold, truths, found }),
    [shapes, threshold, truths, found],
  )

  useLayoutEffect(() => {
    const element = canvas.current
    if (!element || !box.width) return
    const ratio = window.devicePixelRatio || 1
    element.width = Math.round(box.width * ratio)
    element.height = Math.round(box.height * ratio)
    const context = element.getContext('2d')
    if (!context || !shown || !image || image === 'failed') return
    context.setTransform(ratio, 0, 0, ratio, 0, 0)
    context.imageSmoothingEnabled = shown.scale < 3
    context.drawImage(
      image,
      shown.x,
      shown.y,
      image.naturalWidth * shown.scale,
      image.naturalHeight * shown.scale,
    )
    drawShapes(context, seen, shown, { dark, labels, hovered, skeleton })
  }, [box, shown, image, seen, dark, labels, hovered, skeleton])

  const onKey = (event: KeyboardEvent) => {
    const act = byKey[event.key]
    if (!act || event.ctrlKey || event.metaKey) return
    event.preventDefault()
    act()
  }
  const onMove = (event: PointerEvent) => {
    if (drag.current) {
      move(event.clientX - drag.current.x, event.clientY - drag.current.y)
      drag.current = { x: event.clientX, y: event.clientY }
    } else if (shown) {
      const { left, top } = event.currentTarget.getBoundingClientRect()
      setHovered(
        shapeAt(
          seen,
          (event.clientX - left - shown.x) / shown.scale,
          (event.clientY - top - shown.y) / shown.scale,
        ),
      )
    }
  }

  return (
    <figure className={styles.figure} aria-label={label}>
      <div className={styles.controls}>
        {kinds.has('found') && (
          <Slider
            label={t('canvas.threshold')}
            value={threshold}
            min={least ?? 0}
            step={0.01}
            format={(v) => formatPercent(v, 0)}
            onChange={onThreshold}
          />
        )}
        {kinds.has('truth') && (
          <Checkbox checked={truths} onChange={setTruths}>
            {t('canvas.truths')}
          </Checkbox>
        )}
        {kinds.has('truth') && kinds.has('found') && (
          <Checkbox checked={found} onChange={setFound}>
            {t('canvas.found')}
          </Checkbox>
        )}
        {shapes.length > 0 && (
          <Checkbox checked={labels} onChange={setLabels}>
            {t('canvas.labels')}
          </Checkbox>
        )}
        <span className={styles.zoom}>
          <IconButton
            icon="zoomOut"
            size="sm"
            label={t('canvas.zoom_out')}
            onClick={() => zoom(1 / ZOOM_STEP)}
          />
          <span className="tabular" aria-live="polite">
            {shown && whole ? formatPercent(shown.scale / whole.scale, 0) : '-'}
          </span>
          <IconButton
            icon="zoomIn"
            size="sm"
            label={t('canvas.zoom_in')}
            onClick={() => zoom(ZOOM_STEP)}
          />
          <IconButton icon="refresh" size="sm" label={t('canvas.whole')} onClick={showAll} />
        </span>
      </div>
      <div className={styles.stage}>
        {/* Keys zoom and move: an application of its own for screen readers. */}
        <div
          className={styles.surface}
          tabIndex={0}
          role="application"
          aria-label={t('canvas.keys', { label })}
          data-drag={view ? true : undefined}
          onKeyDown={onKey}
          onDoubleClick={showAll}
          onPointerDown={(event) => {
            if (!view) return
            drag.current = { x: event.clientX, y: event.clientY }
            event.currentTarget.setPointerCapture(event.pointerId)
          }}
          onPointerUp={() => (drag.current = null)}
          onPointerMove={onMove}
          onPointerLeave={() => setHovered(null)}
        >
          <canvas ref={canvas} className={styles.canvas} aria-hidden="true" />
        </div>
        {image === 'failed' && <p className={styles.note}>{t('canvas.missing')}</p>}
      </div>
      <ShapeList label={label} shapes={seen} />
    </figure>
  )
}

/** The same for who does not see it. */
function ShapeList({ label, shapes }: { label: string; shapes: readonly Shape[] }) {
  const t = useT()
  return (
    <ul className="visually-hidden" aria-label={t('canvas.list', { label })}>
      {shapes.map((shape, index) => (
        <li key={index}>
          {t(shape.kind === 'truth' ? 'canvas.truth_item' : 'canvas.found_item', {
            label: shape.label,
            percent: formatPercent(shape.confidence),
            x: Math.round(shape.box.x),
            y: Math.round(shape.box.y),
            width: Math.round(shape.box.width),
            height: Math.round(shape.box.height),
          })}
        </li>
      ))}
    </ul>
  )
}
