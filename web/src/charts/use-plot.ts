/* use-plot.ts - the life of a uPlot in a React component. */
import { useEffect, useRef, useState } from 'react'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import { useIsDark } from '@/ui/use-theme'
import { dataOf, optionsOf, type Look } from './line-options'
import type { ChartSeries } from './series'

export type PlotProps = Look & {
  series: readonly ChartSeries[]
  /** null: everything is shown again */
  onZoom?: (range: { min: number; max: number } | null) => void
}

/** box: where it is drawn; cursor: the place in the data that it is at. */
export function usePlot({ series, onZoom, ...look }: PlotProps, hidden: ReadonlySet<string>) {
  const { smoothing = 0 } = look
  const dark = useIsDark()
  const box = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot | null>(null)
  const zoomed = useRef(false)
  const [cursor, setCursor] = useState<number | null>(null)
  const latestZoom = useRef(onZoom)
  useEffect(() => {
    latestZoom.current = onZoom
  })

  // The plot is made anew when what it draws has another shape; new numbers only go into it.
  const shape = JSON.stringify([
    series.map((s) => [s.id, s.label, s.axis, s.color, s.hidden, Boolean(s.low)]),
    smoothing > 0,
    look.logLeft,
    look.leftLabel,
    look.rightLabel,
    look.xLabel,
    look.rightRange,
    look.syncKey,
    look.height,
    dark,
    [...hidden],
  ])

  useEffect(() => {
    const element = box.current
    if (!element) return
    zoomed.current = false
    const options = optionsOf(look, hidden, series, element)
    options.hooks = {
      setCursor: [(u) => setCursor(u.cursor.idx ?? null)],
      setSelect: [
        (u) => {
          if (u.select.width < 4) return
          const [min, max] = [
            u.posToVal(u.select.left, 'x'),
            u.posToVal(u.select.left + u.select.width, 'x'),
          ]
          zoomed.current = true
          u.setScale('x', { min, max })
          u.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false)
          latestZoom.current?.({ min, max })
        },
      ],
    }
    const made = (plot.current = new uPlot(options, dataOf(series, smoothing), element))
    const observer = new ResizeObserver(() =>
      made.setSize({ width: element.clientWidth, height: options.height }),
    )
    observer.observe(element)
    return () => {
      observer.disconnect()
      made.destroy()
      plot.current = null
    }
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [shape])

  useEffect(() => {
    plot.current?.setData(dataOf(series, smoothing), !zoomed.current)
  }, [series, smoothing])

  const showAll = () => {
    const u = plot.current
    if (!u) return
    zoomed.current = false
    u.setData(u.data, true)
    latestZoom.current?.(null)
  }
  return { box, plot, cursor, showAll }
}
