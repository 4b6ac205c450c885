/* virtual.tsx - a grid of which only the visible part exists. */
import { useVirtualizer } from '@tanstack/react-virtual'
import { useLayoutEffect, useRef, useState, type ReactNode } from 'react'

type GridProps = {
  count: number
  /** least width of a cell; its height */
  cellWidth: number
  cellHeight: number
  gap?: number
  height: string
  label: string
  children: (index: number) => ReactNode
  onEnd?: () => void
}

export function VirtualGrid({
  count,
  cellWidth,
  cellHeight,
  gap = 8,
  height,
  label,
  children,
  onEnd,
}: GridProps) {
  const scroll = useRef<HTMLDivElement>(null)
  const [columns, setColumns] = useState(4)
  useLayoutEffect(() => {
    const element = scroll.current
    if (!element) return
    const observer = new ResizeObserver(() =>
      setColumns(Math.max(1, Math.floor((element.clientWidth + gap) / (cellWidth + gap)))),
    )
    observer.observe(element)
    return () => observer.disconnect()
  }, [cellWidth, gap])
  const rows = useVirtualizer({
    count: Math.ceil(count / columns),
    getScrollElement: () => scroll.current,
    estimateSize: () => cellHeight + gap,
    overscan: 4,
  })
  const items = rows.getVirtualItems()
  const last = ((items.at(-1)?.index ?? -1) + 1) * columns
  useLayoutEffect(() => {
    if (count > 0 && last >= count - columns) onEnd?.()
  }, [last, count, columns, onEnd])
  return (
    <div
      ref={scroll}
      style={{ height, overflow: 'auto' }}
      role="region"
      aria-label={label}
      tabIndex={0}
    >
      <div role="list" style={{ height: rows.getTotalSize(), position: 'relative' }}>
        {items.map((row) => (
          <div
            key={row.key}
            role="presentation"
            style={{
              position: 'absolute',
              top: 0,
              left: 0,
              right: 0,
              height: cellHeight,
              transform: `translateY(${row.start}px)`,
              display: 'grid',
              gap,
              gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))`,
            }}
          >
            {Array.from({ length: Math.min(columns, count - row.index * columns) }, (_, column) => {
              const index = row.index * columns + column
              return (
                <div key={index} role="listitem" aria-setsize={count} aria-posinset={index + 1}>
                  {children(index)}
                </div>
              )
            })}
          </div>
        ))}
      </div>
    </div>
  )
}
