import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useNavigate } from 'react-router-dom'
import { fieldError } from '@/api/errors'
import { useT, type Translate } from '@/i18n/i18n'
import { Button } from '@/ui/button'
import { Dialog } from '@/ui/dialog'
import { Field } from '@/ui/field'
import { FormDialog } from '@/ui/form-dialog'
import { Input } from '@/ui/input'
import { Row } from '@/ui/page'
import { Select } from '@/ui/select'
import { toast } from '@/ui/toast'
import { identity, modelsQuery, useCreateJob, type Model } from './api'
import { problemText } from './config-field'
import { check } from './config-values'
import styles from './config.module.css'
import {
  basicBase,
  basicFields,
  choiceOf,
  emptyDraft,
  loadDraft,
  saveDraft,
  withModel,
  type BasicName,
  type Draft,
} from './draft'
import { anyModel, ModelCatalogue } from './model-catalogue'
import { NumberInput } from './number-input'
import { QuickDataset } from './quick-dataset'

type Props = { projectId: number; onClose: () => void }

/** [+ 새 실험]: the model, then the few numbers that matter, on one page.  What is typed here is the
 * draft of the long way too, so that either can be gone on with. */
export default function QuickExperimentDialog({ projectId, onClose }: Props) {
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
        size="xl"
        onClose={onClose}
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
        ...choiceOf(draft),
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
  return (
    <FormDialog
      size="lg"
      onClose={onClose}
      title={t('wizard.quick.config_title')}
      onSubmit={submit}
      running={create}
      fields={shown}
      action={t('wizard.quick.submit')}
      extra={
        <Button
          variant="ghost"
          icon="settings"
          onClick={() => navigate(`/projects/${projectId}/new?step=config`)}
        >
          {t('wizard.quick.all_settings')}
        </Button>
      }
    >
      <ChosenModel draft={draft} model={model} onModel={onModel} />
      <QuickDataset
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
    </FormDialog>
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
