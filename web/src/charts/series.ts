/* series.ts - what a line chart draws, and the arithmetic of it. */

export type ChartSeries = {
  id: string
  /** in the legend and for screen readers */
  label: string
  x: ArrayLike<number>
  /** NaN or null: a gap */
  y: ArrayLike<number | null>
  /** least and greatest of each place, where the server has reduced: drawn as a band */
  low?: ArrayLike<number | null>
  high?: ArrayLike<number | null>
  /** CSS colour or a token, "var(--chart-loss)"; by place in the list otherwise */
  color?: string
  axis?: 'left' | 'right'
  /** in the cursor's values and the table */
  format?: (value: number) => string
  /** at the axis, where fewer digits do; format otherwise */
  axisFormat?: (value: number, step?: number) => string
  hidden?: boolean
}

/** Colour is never the only difference. */
export const dashes: readonly (readonly number[])[] = [
  [],
  [6, 4],
  [2, 3],
  [10, 4, 2, 4],
  [12, 4],
  [4, 2, 1, 2],
]
export const palette = Array.from({ length: 8 }, (_, i) => `var(--chart-${i + 1})`)

export const known = (value: number | null | undefined): value is number =>
  typeof value === 'number' && Number.isFinite(value)

/** An exponential mean without the pull towards zero at the start; weight 0..1, 0: as it is. */
export function smooth(y: ArrayLike<number | null>, weight: number): (number | null)[] {
  let mean = 0
  let share = 1
  return Array.from(y, (value) => {
    if (!known(value)) return null
    mean = mean * weight + value * (1 - weight)
    share *= weight
    return mean / (1 - share)
  })
}

const gaps = (y: ArrayLike<number | null>) => Array.from(y, (v) => (known(v) ? v : null))

/** One column of x for all, values at their places. */
export function align(
  series: readonly { x: ArrayLike<number>; columns: ArrayLike<number | null>[] }[],
): (number | null)[][] {
  const first = series[0]
  if (!first) return [[]]
  const same = series.every(
    (s) =>
      s.x === first.x ||
      (s.x.length === first.x.length &&
        Array.prototype.every.call(s.x, (v: number, i: number) => v === first.x[i])),
  )
  if (same) return [Array.from(first.x), ...series.flatMap((s) => s.columns.map(gaps))]
  const xs = [...new Set(series.flatMap((s) => Array.from(s.x)))].sort((a, b) => a - b)
  const place = new Map(xs.map((x, i) => [x, i]))
  const spread = (x: ArrayLike<number>, y: ArrayLike<number | null>) => {
    const out = new Array<number | null | undefined>(xs.length).fill(undefined)
    for (let i = 0; i < x.length; i++) {
      const value = y[i]
      out[place.get(x[i]!)!] = known(value) ? value : null
    }
    return out as (number | null)[] // undefined: not this series' place, which is no gap
  }
  return [xs, ...series.flatMap((s) => s.columns.map((column) => spread(s.x, column)))]
}

/** "var(--chart-1)" as a canvas takes it.  The value of a token is itself an expression,
 * light-dark(...): only a property of a colour computes it. */
export function resolveColor(color: string, element: Element): string {
  if (!color.includes('(--')) return color
  const probe = element.appendChild(document.createElement('span'))
  probe.style.color = color
  const computed = getComputedStyle(probe).color
  probe.remove()
  return computed
}
