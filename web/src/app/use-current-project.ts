import { useQuery } from '@tanstack/react-query'
import { useParams } from 'react-router-dom'
import { datasetQuery, jobQuery } from '@/api/queries'

/** The project that the page belongs to: by its path, or by that of its job or data set. */
export function useCurrentProjectId(): number | null {
  const { projectId, jobId, datasetId } = useParams()
  const job = useQuery({ ...jobQuery(Number(jobId)), enabled: Boolean(jobId) })
  const dataset = useQuery({ ...datasetQuery(datasetId ?? ''), enabled: Boolean(datasetId) })
  if (projectId) return Number(projectId) || null
  if (jobId) return job.data?.project_id ?? null
  if (datasetId) return dataset.data?.project_id ?? null
  return null
}
