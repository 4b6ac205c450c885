import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useNavigate } from 'react-router-dom'
import { errorText, fieldError } from '@/api/errors'
import { useT, type Translate } from '@/i18n/i18n'
import { Banner } from '@/ui/banner'
import { Button } from '@/ui/button'
import { Dialog } from '@/ui/dialog'
import { Field } from '@/ui/field'
import { Input } from '@/ui/input'
import { Row, Stack } from '@/ui/page'
import { Select } from '@/ui/select'
import { Segmented } from '@/ui/tabs'
import { toast } from '@/ui/toast'
import { datasetsQuery, identity, modelsQuery, useCreateJob, type Model } from './api'
import { problemText } from './config-field'
import { check } from './config-values'
import styles from './config.module.css'
import {
  basicBase,
  basicFields,
  emptyDraft,
  loadDraft,
  saveDraft,
  withModel,
  type BasicName,
  type Draft,
} from './draft'
import { anyModel, ModelCatalogue } from './model-catalogue'
import { NumberInput } from './number-input'

type Props = { projectId: number; onClose: () => void }

/** [+ 새 실험]: the model, then the few numbers that matter, on one page.  What is typed here is the
 * draft of the long way too, so that either can be gone on with. */
export function QuickExperimentDialog({ projectId, onClose }: Props) {
  const t = useT()
  const [draft, setDraft] = useState<Draft>(() => loadDraft(projectId))
  const [isChoosing, setChoosing] = useState(!draft.model_name)
  const [filter, setFilter] = useState(anyModel)
  const change = (next: Partial<Draft>) => {
    const changed = { ...draft, ...next }
    setDraft(changed)
    saveDraft(projectId, changed)
  }
  if (isChoosing)
    return (
      <Dialog
        open
        size="xl"
        onOpenChange={(open) => !open && onClose()}
        title={t('wizard.quick.model_title')}
        footer={<Button onClick={onClose}>{t('common.close')}</Button>}
      >
        <ModelCatalogue
          value={draft.model_name ? identity(draft) : ''}
          filter={filter}
          onFilter={setFilter}
          onChoose={(model, task) => {
            change(withModel(draft, model, task))
            setChoosing(false)
          }}
        />
      </Dialog>
    )
  return (
    <QuickForm
      projectId={projectId}
      draft={draft}
      onChange={change}
      onClose={onClose}
      onModel={() => setChoosing(true)}
    />
  )
}

type FormProps = Props & {
  draft: Draft
  onChange: (change: Partial<Draft>) => void
  onModel: () => void
}

const optimizers = ['adam', 'adamw', 'sgd', 'rmsprop']
const formats = ['imagefolder', 'yolo', 'coco', 'dice']

function QuickForm({ projectId, draft, onChange, onClose, onModel }: FormProps) {
  const t = useT()
  const navigate = useNavigate()
  const models = useQuery(modelsQuery({}))
  const model = models.data?.find((m) => identity(m) === identity(draft))
  const create = useCreateJob()
  const [wasSent, setWasSent] = useState(false)
  const basics = { ...basicBase(model, null), ...given(draft) }
  const optimizer = String(draft.typed['optimizer.type'] ?? 'adam')
  const problems = problemsOf(t, basics, draft)
  const errorOf = (name: string) =>
    (wasSent ? problems[name] : undefined) ?? fieldError(create.error, name)

  const submit = () => {
    setWasSent(true)
    if (Object.keys(problems).length || create.isPending) return
    const body = {
      project_id: projectId,
      experiment_name: draft.name.trim() || null,
      tags: null,
      notes: null,
      priority: 0,
      config: {
        framework: draft.framework,
        model_name: draft.model_name,
        task_type: draft.task_type,
        ...(draft.dataset_id
          ? { dataset_id: draft.dataset_id }
          : { dataset_path: draft.dataset_path.trim() }),
        dataset_format: draft.dataset_format,
        ...basics,
        optimizer,
        pretrained: draft.pretrained,
      },
    }
    create.mutate(
      { body, start: false },
      {
        onSuccess: () => {
          saveDraft(projectId, emptyDraft)
          toast.success(t('wizard.created'))
          onClose()
        },
      },
    )
  }
  const hasField = shown.some((name) => fieldError(create.error, name))
  return (
    <Dialog
      open
      size="lg"
      onOpenChange={(open) => !open && onClose()}
      title={t('wizard.quick.config_title')}
      onSubmit={submit}
      footer={
        <>
          <Button
            variant="ghost"
            icon="settings"
            onClick={() => navigate(`/projects/${projectId}/new?step=config`)}
          >
            {t('wizard.quick.all_settings')}
          </Button>
          <Button onClick={onClose}>{t('common.cancel')}</Button>
          <Button type="submit" variant="primary" busy={create.isPending}>
            {t('wizard.quick.submit')}
          </Button>
        </>
      }
    >
      {create.error && !hasField ? <Banner tone="danger">{errorText(create.error)}</Banner> : null}
      <ChosenModel draft={draft} model={model} onModel={onModel} />
      <DatasetFields
        projectId={projectId}
        draft={draft}
        onChange={onChange}
        error={errorOf('dataset_id') ?? errorOf('dataset_path')}
      />
      <div className={styles.fields}>
        {basicFields.map(({ name }) => (
          <Field
            key={name}
            label={t(`wizard.config.${name as BasicName}`)}
            error={errorOf(name)}
            required
          >
            <NumberInput
              value={basics[name as BasicName]}
              onChange={(value) => onChange({ [name]: value })}
            />
          </Field>
        ))}
        <Field label={t('wizard.config.optimizer')}>
          <Select
            value={optimizer}
            onChange={(type) => onChange({ typed: { ...draft.typed, 'optimizer.type': type } })}
            options={optimizers.map((type) => ({ value: type, label: type }))}
          />
        </Field>
      </div>
      <Field label={t('wizard.review.name')} optional={t('common.optional')}>
        <Input
          maxLength={200}
          placeholder={t('wizard.review.name_example')}
          value={draft.name}
          onChange={(event) => onChange({ name: event.target.value })}
        />
      </Field>
    </Dialog>
  )
}

/** What the server may complain of at its field; the rest stands above the form. */
const shown = ['dataset_id', 'dataset_path', 'epochs', 'batch_size', 'learning_rate']

const given = (draft: Draft) =>
  Object.fromEntries(
    basicFields
      .map(({ name }) => [name, draft[name as BasicName]] as const)
      .filter(([, value]) => value !== undefined),
  )

function problemsOf(
  t: Translate,
  basics: Record<string, unknown>,
  draft: Draft,
): Record<string, string> {
  const problems: Record<string, string> = {}
  for (const field of basicFields) {
    const problem = check(basics[field.name], field)
    if (problem) problems[field.name] = problemText(t, problem)
  }
  if (!draft.dataset_id && !draft.dataset_path.trim())
    problems.dataset_id = t('wizard.dataset.needed')
  return problems
}

function ChosenModel({
  draft,
  model,
  onModel,
}: {
  draft: Draft
  model: Model | undefined
  onModel: () => void
}) {
  const t = useT()
  return (
    <Row between>
      <span>
        {t('wizard.quick.chosen')}: <strong>{model?.display_name ?? draft.model_name}</strong> (
        {draft.framework})
      </span>
      <Button size="sm" onClick={onModel}>
        {t('wizard.quick.change_model')}
      </Button>
    </Row>
  )
}

type DatasetProps = {
  projectId: number
  draft: Draft
  error?: string
  onChange: (change: Partial<Draft>) => void
}

function DatasetFields({ projectId, draft, error, onChange }: DatasetProps) {
  const t = useT()
  const datasets = useQuery(datasetsQuery(projectId))
  const [isPath, setIsPath] = useState(Boolean(draft.dataset_path))
  const all = datasets.data ?? []
  return (
    <Stack gap={2}>
      <Segmented
        label={t('wizard.dataset.label')}
        value={isPath ? 'path' : 'dataset'}
        onChange={(way) => {
          setIsPath(way === 'path')
          onChange(way === 'path' ? { dataset_id: null } : { dataset_path: '' })
        }}
        options={[
          { value: 'dataset', label: t('wizard.dataset.of_project') },
          { value: 'path', label: t('wizard.dataset.by_path') },
        ]}
      />
      {isPath ? (
        <div className={styles.fields}>
          <Field
            label={t('wizard.dataset.path')}
            hint={t('wizard.dataset.path_hint')}
            error={error}
            required
          >
            <Input
              value={draft.dataset_path}
              onChange={(event) => onChange({ dataset_path: event.target.value })}
            />
          </Field>
          <Field label={t('wizard.dataset.format')}>
            <Select
              value={draft.dataset_format}
              onChange={(dataset_format) => onChange({ dataset_format })}
              options={formats.map((format) => ({ value: format, label: format }))}
            />
          </Field>
        </div>
      ) : (
        <Field
          label={t('wizard.dataset.label')}
          error={error}
          hint={datasets.data && !all.length ? t('wizard.dataset.none_text') : null}
          required
        >
          <Select
            value={draft.dataset_id ?? ''}
            placeholder={t('wizard.dataset.choose')}
            onChange={(id) =>
              onChange({
                dataset_id: id,
                dataset_format: all.find((d) => d.id === id)?.format ?? 'imagefolder',
              })
            }
            options={all.map((dataset) => ({
              value: dataset.id,
              label: dataset.name,
              hint: `${dataset.format} · ${t('wizard.dataset.images', { count: dataset.num_images })}`,
              disabled: dataset.status === 'not_ready',
            }))}
          />
        </Field>
      )}
    </Stack>
  )
}
