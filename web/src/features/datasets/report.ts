/* report.ts - what is read of the doctor's report; the API describes it as any object. */

export type Report = {
  task_type?: string
  structure?: { num_classes?: number; num_samples?: number }
  statistics?: {
    image_formats?: Record<string, number>
    min_width?: number
    median_width?: number
    max_width?: number
    min_height?: number
    median_height?: number
    max_height?: number
  }
  samples_per_split?: Record<string, number>
  quality_checks?: { warnings?: string[] }
  preview_images?: { class: string; path: string }[]
}

/** null: none yet. */
export const asReport = (value: unknown): Report | null =>
  typeof value === 'object' && value !== null ? (value as Report) : null
