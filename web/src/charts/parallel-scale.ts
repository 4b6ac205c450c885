/* parallel-scale.ts - the axes of parallel coordinates: numbers by size (by their logarithm where
 * they span orders of magnitude), words by place; and which lines a brush leaves. */

export type Value = number | string | null
export type Axis = {
  id: string
  label: string
  /** one per line */
  values: readonly Value[]
  format?: (value: number, step?: number) => string
}
/** Part of an axis, 0 is its lower end. */
export type Brush = { from: number; to: number }
export type Brushes = Readonly<Record<string, Brush>>

type Scale = {
  /** 0..1; null: the line has no value here */
  place: (value: Value) => number | null
  /** values to write at the axis, with their places */
  ticks: { at: number; text: string }[]
}

const isNumber = (v: Value): v is number => typeof v === 'number' && Number.isFinite(v)

function numberScale(axis: Axis, values: number[]): Scale {
  const [low, high] = [Math.min(...values), Math.max(...values)]
  const isLog = low > 0 && high / low >= 20
  const by = isLog ? Math.log : (v: number) => v
  const span = by(high) - by(low)
  const back = (at: number) => (isLog ? low * (high / low) ** at : low + at * (high - low))
  const write = axis.format ?? ((v: number) => String(Number(v.toPrecision(3))))
  const steps = span === 0 ? [0.5] : [0, 0.25, 0.5, 0.75, 1]
  const step = isLog || span === 0 ? undefined : (high - low) / 4
  return {
    place: (v) => (isNumber(v) ? (span === 0 ? 0.5 : (by(v) - by(low)) / span) : null),
    ticks: steps.map((at) => ({ at, text: write(span === 0 ? low : back(at), step) })),
  }
}

export function scaleOf(axis: Axis): Scale {
  const present = axis.values.filter((v) => v !== null)
  if (present.length && present.every(isNumber)) return numberScale(axis, present)
  const words = [...new Set(present.map(String))].sort()
  const at = (i: number) => (words.length === 1 ? 0.5 : i / (words.length - 1))
  return {
    place: (v) => (v === null ? null : at(words.indexOf(String(v)))),
    ticks: words.map((text, i) => ({ at: at(i), text })),
  }
}

const SLACK = 1e-9

/** Does the line pass through all brushes? */
export function passes(axes: readonly Axis[], brushes: Brushes, line: number): boolean {
  return axes.every((axis) => {
    const brush = brushes[axis.id]
    if (!brush) return true
    const at = scaleOf(axis).place(axis.values[line] ?? null)
    return at !== null && at >= brush.from - SLACK && at <= brush.to + SLACK
  })
}
