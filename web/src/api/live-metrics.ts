/* live-metrics.ts - the epochs of a job in typed arrays, filled by the socket past React.  A chart
 * takes `columns` as they are and draws when told. */
import type { ProgressFrame, Stream } from './stream'

const FIRST_CAPACITY = 256

/** A column of numbers that grows; NaN is "not known". */
class Column {
  private data = new Float64Array(FIRST_CAPACITY).fill(NaN)

  set(index: number, value: number): void {
    if (index >= this.data.length) {
      const larger = new Float64Array(Math.max(index + 1, this.data.length * 2)).fill(NaN)
      larger.set(this.data)
      this.data = larger
    }
    this.data[index] = value
  }

  insertAt(index: number, count: number): void {
    if (count + 1 > this.data.length) this.set(this.data.length * 2 - 1, NaN)
    this.data.copyWithin(index + 1, index, count)
    this.data[index] = NaN
  }

  view(count: number): Float64Array {
    if (count > this.data.length) this.set(count - 1, NaN)
    return this.data.subarray(0, count)
  }
}

export class LiveMetrics {
  private columns = new Map<string, Column>()
  private listeners = new Set<() => void>()
  private frame = 0
  count = 0

  /** "epoch", "loss", "accuracy", "learning_rate" and what else was reported. */
  names(): string[] {
    return [...this.columns.keys()].filter((name) => name !== 'epoch')
  }

  column(name: string): Float64Array {
    return this.columns.get(name)?.view(this.count) ?? new Float64Array(this.count).fill(NaN)
  }

  private place(epoch: number): { at: number; exists: boolean } {
    const epochs = this.column('epoch')
    let low = 0
    let high = this.count
    while (low < high) {
      const middle = (low + high) >> 1
      if (epochs[middle]! < epoch) low = middle + 1
      else high = middle
    }
    return { at: low, exists: low < this.count && epochs[low] === epoch }
  }

  add(epoch: number, values: Record<string, number | null | undefined>): void {
    const { at, exists } = this.place(epoch)
    if (!exists) {
      if (at < this.count) this.columns.forEach((column) => column.insertAt(at, this.count))
      this.count++
    }
    for (const [name, value] of Object.entries({ ...values, epoch })) {
      if (typeof value !== 'number') continue
      let column = this.columns.get(name)
      if (!column) this.columns.set(name, (column = new Column()))
      column.set(at, value)
    }
    this.tell()
  }

  clear(): void {
    this.columns.clear()
    this.count = 0
    this.tell()
  }

  /** Called at most once per frame of the screen. */
  subscribe(listener: () => void): () => void {
    this.listeners.add(listener)
    return () => void this.listeners.delete(listener)
  }

  private tell(): void {
    if (this.frame) return
    this.frame = requestAnimationFrame(() => {
      this.frame = 0
      this.listeners.forEach((listener) => listener())
    })
  }

  /** Follow a job; returns how to end it. */
  follow(stream: Stream, jobId: number): () => void {
    return stream.subscribe(`experiment:${jobId}`, (frame) => {
      if (
        frame.type === 'training_status_change' &&
        frame.new_status === 'pending' &&
        !frame.replay
      )
        this.clear() // restarted: its results are gone
      if (frame.type !== 'training_progress') return
      const { epoch, loss, accuracy, learning_rate, data } = frame as ProgressFrame
      this.add(epoch, { ...data?.extra_metrics, loss, accuracy, learning_rate })
    })
  }
}
