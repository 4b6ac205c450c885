/* priority.ts - greater priorities start first; jobs of the same one in the order they came. */
import type { Job } from '@/api/queries'

export const PRIORITY_MOST = 1000

type Waiting = Pick<Job, 'id' | 'priority'>

/** The least priority that puts a job before all others; null: it is there, or cannot be. */
export function frontPriority(jobs: readonly Waiting[], job: Waiting): number | null {
  if (!jobs.length || jobs[0]!.id === job.id) return null
  const greatest = Math.max(...jobs.map((other) => other.priority ?? 0))
  return greatest < PRIORITY_MOST ? greatest + 1 : null
}
