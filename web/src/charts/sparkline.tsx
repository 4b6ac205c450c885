import { known } from './series'

type Props = {
  values: ArrayLike<number | null>
  label: string
  width?: number
  height?: number
  color?: string
}

/** A line as large as a word. */
export function Sparkline({
  values,
  label,
  width = 96,
  height = 24,
  color = 'var(--chart-1)',
}: Props) {
  const points = Array.from(values, (v, i) => [i, v] as const).filter(
    (p): p is readonly [number, number] => known(p[1]),
  )
  const ys = points.map(([, v]) => v)
  const low = Math.min(...ys)
  const span = Math.max(...ys) - low || 1
  const step = (width - 2) / Math.max(1, values.length - 1)
  const path = points
    .map(
      ([i, v], n) =>
        `${n ? 'L' : 'M'}${(1 + i * step).toFixed(1)} ${(height - 2 - ((v - low) / span) * (height - 4)).toFixed(1)}`,
    )
    .join('')
  return (
    <svg width={width} height={height} role="img" aria-label={label}>
      <path d={path} fill="none" stroke={color} strokeWidth="1.5" strokeLinejoin="round" />
    </svg>
  )
}
