/* confusion.ts - reading a confusion matrix: what is taken for what, and which classes to show when
 * there are too many for a table. */

type Pair = { truth: number; predicted: number; count: number; share: number }

/** The commonest mistakes. */
export function worstPairs(counts: readonly (readonly number[])[], most: number): Pair[] {
  const pairs: Pair[] = []
  counts.forEach((row, truth) => {
    const sum = row.reduce((a, b) => a + b, 0)
    row.forEach((count, predicted) => {
      if (count && truth !== predicted) pairs.push({ truth, predicted, count, share: count / sum })
    })
  })
  return pairs.sort((a, b) => b.count - a.count || b.share - a.share).slice(0, most)
}

/** The classes with the most mistakes, in their own order; all when they are few enough. */
export function classesToShow(counts: readonly (readonly number[])[], most: number): number[] {
  const all = counts.map((_, i) => i)
  if (all.length <= most) return all
  const mistakes = all.map((i) =>
    counts.reduce((sum, row, truth) => {
      if (truth === i) return sum + row.reduce((a, b) => a + b, 0) - (row[i] ?? 0)
      return sum + (row[i] ?? 0)
    }, 0),
  )
  return all
    .sort((a, b) => mistakes[b]! - mistakes[a]!)
    .slice(0, most)
    .sort((a, b) => a - b)
}

export const countsOf = (matrix: unknown): number[][] | null =>
  Array.isArray(matrix) && matrix.length > 0 && matrix.every(Array.isArray)
    ? (matrix as number[][])
    : null

/** Area below precision over recall, for points in order of recall. */
export function areaBelow(x: readonly number[], y: readonly number[]): number {
  let area = 0
  for (let i = 1; i < Math.min(x.length, y.length); i++)
    area += ((x[i]! - x[i - 1]!) * (y[i]! + y[i - 1]!)) / 2
  return area
}
