/* metric-groups.ts - which metrics share a chart: losses on the left and shares of one on the right
 * of one chart; what has another unit gets a chart of its own. */

/** Metrics between 0 and 1 that are read as percentages. */
const SHARE = /^(val_|train_)?((top\d+_)?accuracy|precision|recall|f1(_score)?|mAP|AP|AR|miou|mean_iou|iou|dice|pixel_accuracy|OKS|PCK|oks|pck)/i // prettier-ignore
const LOSS = /(^|_)loss(_|$)|loss$/

export type Kind = 'loss' | 'share' | 'other'

export const kindOf = (name: string): Kind =>
  LOSS.test(name) ? 'loss' : SHARE.test(name) ? 'share' : 'other'

export type Chart = { id: string; axis: 'epoch' | 'step'; left: string[]; right: string[] }

/** One chart for losses and shares by epoch, one by step, one for each other metric. */
export function chartsOf(
  names: readonly string[],
  axes: Readonly<Record<string, unknown>>,
): Chart[] {
  const charts = new Map<string, Chart>()
  for (const name of names) {
    const axis = axes[name] === 'step' ? 'step' : 'epoch'
    const kind = kindOf(name)
    const id = kind === 'other' ? name : axis
    const chart = charts.get(id) ?? { id, axis, left: [], right: [] }
    if (kind === 'share') chart.right.push(name)
    else chart.left.push(name)
    charts.set(id, chart)
  }
  return [...charts.values()]
}

/** What is shown when nobody has chosen: the loss and what the job is judged by. */
export function defaultMetrics(available: readonly string[], primary: string | null): string[] {
  const wanted = ['loss', 'accuracy', ...(primary ? [primary] : [])]
  // The row "accuracy" repeats the primary metric of other tasks.
  const shown = primary && primary !== 'accuracy' ? wanted.filter((n) => n !== 'accuracy') : wanted
  return [...new Set(shown)].filter((name) => available.includes(name) || !available.length)
}

/** Losses, shares, others; alphabetical within. */
export function sortMetrics(names: readonly string[]): string[] {
  const rank = { loss: 0, share: 1, other: 2 }
  return [...names].sort((a, b) => rank[kindOf(a)] - rank[kindOf(b)] || a.localeCompare(b))
}
