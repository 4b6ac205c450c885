import { useEffect, useLayoutEffect, useRef, useState, type RefObject } from 'react'
import { fit, zoomed, type View } from './shapes'

const MOST_ZOOM = 40
const MOVE_PX = 40
export const ZOOM_STEP = 1.3

export type Size = { width: number; height: number }

/** Which part of an image of this size a canvas shows, and what changes it.  view: what was chosen,
 * null for the whole; shown: that part. */
export function useView(canvas: RefObject<HTMLCanvasElement | null>, natural: Size | null) {
  const [box, setBox] = useState<Size>({ width: 0, height: 0 })
  const [view, setView] = useState<View | null>(null)
  const whole = natural && box.width ? fit(natural, box) : null
  const shown = view ?? whole

  useLayoutEffect(() => {
    const element = canvas.current
    if (!element) return
    const observer = new ResizeObserver(() => {
      setBox({ width: element.clientWidth, height: element.clientHeight })
      setView(null)
    })
    observer.observe(element)
    return () => observer.disconnect()
  }, [canvas])

  const zoom = (factor: number, at = { x: box.width / 2, y: box.height / 2 }) => {
    if (!shown || !whole) return
    const scale = shown.scale * factor
    if (scale <= whole.scale) return setView(null)
    if (scale < whole.scale * MOST_ZOOM) setView(zoomed(shown, factor, at))
  }
  const move = (dx: number, dy: number) =>
    shown && setView({ ...shown, x: shown.x + dx, y: shown.y + dy })

  // React listens to the wheel passively, which cannot keep the page from zooming.
  const latestZoom = useRef(zoom)
  useEffect(() => {
    latestZoom.current = zoom
  })
  useEffect(() => {
    const element = canvas.current
    if (!element) return
    const onWheel = (event: WheelEvent) => {
      if (!event.ctrlKey && !event.metaKey) return
      event.preventDefault()
      const { left, top } = element.getBoundingClientRect()
      latestZoom.current(Math.exp(-event.deltaY / 300), {
        x: event.clientX - left,
        y: event.clientY - top,
      })
    }
    element.addEventListener('wheel', onWheel, { passive: false })
    return () => element.removeEventListener('wheel', onWheel)
  }, [canvas])

  const showAll = () => setView(null)
  const byKey: Record<string, () => void> = {
    '+': () => zoom(ZOOM_STEP),
    '=': () => zoom(ZOOM_STEP),
    '-': () => zoom(1 / ZOOM_STEP),
    '0': showAll,
    ArrowLeft: () => move(MOVE_PX, 0),
    ArrowRight: () => move(-MOVE_PX, 0),
    ArrowUp: () => move(0, MOVE_PX),
    ArrowDown: () => move(0, -MOVE_PX),
  }
  return { box, view, whole, shown, zoom, move, showAll, byKey }
}
