import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import { ApiError } from '@/api/errors'
import { identity, modelsQuery, schemaQuery } from './api'
import { draftSettings, dropDraft, emptyDraft, loadDraft, saveDraft, type Draft } from './draft'
import type { Step } from './steps'

/** The draft of a project in this tab, and what it lacks. */
export function useDraft(projectId: number) {
  const [draft, setDraft] = useState<Draft>(() => loadDraft(projectId))
  const [isDone, setDone] = useState(false)
  useEffect(() => {
    if (!isDone) saveDraft(projectId, draft)
  }, [projectId, draft, isDone])

  const models = useQuery(modelsQuery({}))
  const model = models.data?.find((m) => identity(m) === identity(draft))
  const schema = useQuery({
    ...schemaQuery(draft.framework, draft.task_type),
    enabled: Boolean(draft.framework && draft.task_type),
  })
  const hasData = Boolean(draft.dataset_id || draft.dataset_path.trim())
  // A text that does not hold yet is part of what is wanted: not gone on without it.
  const isConfigured =
    !draft.text &&
    schema.data !== undefined &&
    !draftSettings(draft, model, schema.data).problems.size
  const reachable: Step = !draft.model_name
    ? 'model'
    : !hasData
      ? 'dataset'
      : !isConfigured
        ? 'config'
        : 'review'
  return {
    draft,
    model,
    schema,
    reachable,
    change: (next: Partial<Draft>) => setDraft((now) => ({ ...now, ...next })),
    startOver: () => setDraft(emptyDraft),
    /** it has become an experiment */
    finish: () => {
      dropDraft(projectId)
      setDone(true)
    },
    isDone,
  }
}

/** The server's messages by the names of the form's fields. */
export function refusedFields(error: unknown): Record<string, string> {
  if (!(error instanceof ApiError)) return {}
  return Object.fromEntries(
    error.fields.map(({ field, message }) => [
      field.replace(/^(config\.)?(advanced_config\.)?/, ''),
      message,
    ]),
  )
}
