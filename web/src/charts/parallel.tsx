/* parallel.tsx - parallel coordinates: an axis for each parameter, a line for each run.  The two
 * handles of an axis, dragged or moved by arrow keys, leave the lines between them. */
import { useLayoutEffect, useRef, useState, type KeyboardEvent, type PointerEvent } from 'react'
import { useT } from '@/i18n/i18n'
import { Button } from '@/ui/button'
import { passes, scaleOf, type Axis, type Brush, type Brushes } from './parallel-scale'
import { dashes } from './series'
import styles from './parallel.module.css'

type Line = { id: string; label: string; color: string }
type Props = { label: string; axes: readonly Axis[]; lines: readonly Line[] }

const GAP_LEAST = 104
const SIDE = 62
const TOP = 44
const SPAN = 230
const HEIGHT = TOP + SPAN + 24
const NAME_MOST = 18
const KEY_STEP = 0.05
const WHOLE: Brush = { from: 0, to: 1 }

const placeY = (at: number) => TOP + (1 - at) * SPAN
const within = (value: number, low: number, high: number) => Math.min(high, Math.max(low, value))

export function ParallelCoordinates({ label, axes, lines }: Props) {
  const t = useT()
  const svg = useRef<SVGSVGElement>(null)
  const [brushes, setBrushes] = useState<Brushes>({})
  const [hovered, setHovered] = useState<string | null>(null)
  const scales = axes.map(scaleOf)
  const box = useRef<HTMLDivElement>(null)
  const [room, setRoom] = useState(0)
  useLayoutEffect(() => {
    const element = box.current
    if (!element) return
    const observer = new ResizeObserver(() => setRoom(element.clientWidth))
    observer.observe(element)
    return () => observer.disconnect()
  }, [])
  const gaps = Math.max(1, axes.length - 1)
  const gap = Math.max(GAP_LEAST, (room - 2 * SIDE) / gaps)
  const width = 2 * SIDE + gap * gaps
  const placeX = (index: number) => SIDE + index * gap
  const kept = lines.filter((_, line) => passes(axes, brushes, line))

  const setEnd = (axis: Axis, end: keyof Brush, value: number) => {
    const brush = brushes[axis.id] ?? WHOLE
    const next =
      end === 'from'
        ? { ...brush, from: within(value, 0, brush.to) }
        : { ...brush, to: within(value, brush.from, 1) }
    const { [axis.id]: _old, ...others } = brushes
    setBrushes(next.from === 0 && next.to === 1 ? others : { ...others, [axis.id]: next })
  }
  const drag = (axis: Axis, end: keyof Brush) => (event: PointerEvent<SVGElement>) => {
    if (!event.currentTarget.hasPointerCapture(event.pointerId) || !svg.current) return
    const { top, height } = svg.current.getBoundingClientRect()
    const y = ((event.clientY - top) / height) * HEIGHT
    setEnd(axis, end, 1 - (y - TOP) / SPAN)
  }
  const keys = (axis: Axis, end: keyof Brush) => (event: KeyboardEvent) => {
    const at = (brushes[axis.id] ?? WHOLE)[end]
    const next = { ArrowUp: at + KEY_STEP, ArrowDown: at - KEY_STEP, Home: 0, End: 1 }[event.key]
    if (next === undefined) return
    event.preventDefault()
    setEnd(axis, end, next)
  }

  const pathOf = (line: number) => {
    let pen = 'M'
    return axes
      .map((axis, i) => {
        const at = scales[i]!.place(axis.values[line] ?? null)
        if (at === null) {
          pen = 'M'
          return ''
        }
        const piece = `${pen}${placeX(i)} ${placeY(at).toFixed(1)}`
        pen = 'L'
        return piece
      })
      .join('')
  }

  return (
    <figure className={styles.figure} aria-label={label}>
      <div className={styles.top}>
        <span aria-live="polite">
          {t('charts.parallel_kept', { count: kept.length, total: lines.length })}
          {Object.keys(brushes).length > 0 && ': ' + kept.map((line) => line.label).join(', ')}
        </span>
        <Button
          size="sm"
          icon="zoomOut"
          disabled={!Object.keys(brushes).length}
          onClick={() => setBrushes({})}
        >
          {t('charts.show_all')}
        </Button>
      </div>
      <div ref={box} className={styles.scroll} role="region" aria-label={label} tabIndex={0}>
        <svg
          ref={svg}
          width={width}
          height={HEIGHT}
          viewBox={`0 0 ${width} ${HEIGHT}`}
          className={styles.svg}
        >
          {lines.map((line, i) => (
            <path
              key={line.id}
              d={pathOf(i)}
              className={styles.line}
              stroke={line.color}
              strokeDasharray={dashes[i % dashes.length]!.join(' ')}
              data-out={!kept.includes(line) || (hovered && hovered !== line.id) || undefined}
              onPointerEnter={() => setHovered(line.id)}
              onPointerLeave={() => setHovered(null)}
            >
              <title>{line.label}</title>
            </path>
          ))}
          {axes.map((axis, i) => (
            <g key={axis.id} transform={`translate(${placeX(i)} 0)`}>
              <text className={styles.name} y={16} textAnchor="middle">
                {axis.label.length > NAME_MOST
                  ? axis.label.slice(0, NAME_MOST - 1) + '…'
                  : axis.label}
                <title>{axis.label}</title>
              </text>
              <path className={styles.axis} d={`M0 ${TOP}v${SPAN}`} />
              {scales[i]!.ticks.map((tick) => (
                <text
                  key={tick.at}
                  className={styles.tick}
                  x={i === axes.length - 1 ? 9 : -9}
                  y={placeY(tick.at) + 4}
                  textAnchor={i === axes.length - 1 ? 'start' : 'end'}
                >
                  {tick.text}
                </text>
              ))}
              <Handles axis={axis} brush={brushes[axis.id] ?? WHOLE} onDrag={drag} onKeys={keys} />
            </g>
          ))}
        </svg>
      </div>
    </figure>
  )
}

type HandlesProps = {
  axis: Axis
  brush: Brush
  onDrag: (axis: Axis, end: keyof Brush) => (event: PointerEvent<SVGElement>) => void
  onKeys: (axis: Axis, end: keyof Brush) => (event: KeyboardEvent) => void
}

function Handles({ axis, brush, onDrag, onKeys }: HandlesProps) {
  const t = useT()
  const isWhole = brush.from === 0 && brush.to === 1
  return (
    <>
      {!isWhole && (
        <rect
          className={styles.brush}
          x={-6}
          width={12}
          y={placeY(brush.to)}
          height={placeY(brush.from) - placeY(brush.to)}
        />
      )}
      {(['to', 'from'] as const).map((end) => (
        <g
          key={end}
          role="slider"
          tabIndex={0}
          className={styles.handle}
          aria-label={t(end === 'to' ? 'charts.brush_to' : 'charts.brush_from', {
            label: axis.label,
          })}
          aria-orientation="vertical"
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={Math.round(100 * brush[end])}
          transform={`translate(0 ${placeY(brush[end])})`}
          onKeyDown={onKeys(axis, end)}
          onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
          onPointerMove={onDrag(axis, end)}
        >
          <rect
            className={styles.touch}
            x={-14}
            y={end === 'to' ? -20 : -4}
            width={28}
            height={24}
          />
          <path d={end === 'to' ? 'M-8 0h16l-3 -8h-10z' : 'M-8 0h16l-3 8h-10z'} />
        </g>
      ))}
    </>
  )
}
