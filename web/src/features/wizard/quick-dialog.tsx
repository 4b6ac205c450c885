import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useNavigate } from 'react-router-dom'
import { fieldError } from '@/api/errors'
import { tMaybe, useT } from '@/i18n/i18n'
import { Banner } from '@/ui/banner'
import { Button } from '@/ui/button'
import { Dialog } from '@/ui/dialog'
import { Field } from '@/ui/field'
import { FormDialog } from '@/ui/form-dialog'
import { Input } from '@/ui/input'
import { Row } from '@/ui/page'
import { Select } from '@/ui/select'
import { toast } from '@/ui/toast'
import { identity, modelsQuery, schemaQuery, useCreateJob, type Model } from './api'
import { problemText } from './config-field'
import { nest, optionsOf } from './config-values'
import styles from './config.module.css'
import {
  basicFields,
  basicNames,
  draftSettings,
  emptyDraft,
  jobBody,
  loadDraft,
  modifiedNames,
  optimizerNames,
  saveDraft,
  tagsOf,
  withModel,
  type BasicName,
  type Draft,
} from './draft'
import { anyModel, ModelCatalogue } from './model-catalogue'
import { NumberInput } from './number-input'
import { QuickDataset } from './quick-dataset'
import { TextWaits } from './text-waits'

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

function QuickForm({ projectId, draft, onChange, onClose, onModel }: FormProps) {
  const t = useT()
  const navigate = useNavigate()
  const models = useQuery(modelsQuery({}))
  const model = models.data?.find((m) => identity(m) === identity(draft))
  const schema = useQuery(schemaQuery(draft.framework, draft.task_type))
  const create = useCreateJob()
  const [wasSent, setWasSent] = useState(false)
  const { fields, presets } = schema.data ?? { fields: [], presets: {} }
  const { basics, values, problems } = draftSettings(draft, model, { fields, presets })
  const optimizer = fields.find(({ name }) => optimizerNames.some((one) => one === name))
  const lacksData = !draft.dataset_id && !draft.dataset_path.trim()
  const elsewhere = [...problems.keys()].filter((name) => !shown.includes(name)).length
  const problemOf = (name: string) => {
    if (name === 'dataset_id' && lacksData) return t('wizard.dataset.needed')
    const problem = problems.get(name)
    return problem && problemText(t, problem)
  }
  const errorOf = (name: string) =>
    (wasSent ? problemOf(name) : undefined) ?? fieldError(create.error, name)

  const submit = () => {
    setWasSent(true)
    if (!schema.data || lacksData || problems.size || draft.text) return
    const body = jobBody(projectId, draft, model, schema.data, nest)
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
      running={{
        isPending: create.isPending || schema.isLoading,
        error: create.error ?? schema.error,
      }}
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
      <TextWaits draft={draft} onChange={onChange} />
      {elsewhere > 0 && (
        <Banner tone="danger">{t('wizard.quick.fix_elsewhere', { count: elsewhere })}</Banner>
      )}
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
        {optimizer && (
          <Field label={t('wizard.config.optimizer')} error={errorOf(optimizer.name)}>
            <Select
              value={String(values[optimizer.name])}
              onChange={(type) => onChange({ typed: { ...draft.typed, [optimizer.name]: type } })}
              options={optionsOf(optimizer)}
            />
          </Field>
        )}
      </div>
      <Field label={t('wizard.review.name')} optional={t('common.optional')}>
        <Input
          maxLength={200}
          placeholder={t('wizard.review.name_example')}
          value={draft.name}
          onChange={(event) => onChange({ name: event.target.value })}
        />
      </Field>
      {schema.data && <Rest draft={draft} changed={modifiedNames(draft, model, schema.data)} />}
    </FormDialog>
  )
}

/** What is said at its field; the rest stands above the form. */
const shown: readonly string[] = ['dataset_id', 'dataset_path', ...basicNames, ...optimizerNames]

/** What the draft has from the long way: it counts here too, though no field shows it. */
function Rest({ draft, changed }: { draft: Draft; changed: readonly string[] }) {
  const t = useT()
  const count = changed.filter((name) => !shown.includes(name)).length
  const preset = draft.preset && (tMaybe(`wizard.config.presets.${draft.preset}`) ?? draft.preset)
  const parts = [
    preset && `${t('wizard.config.preset')}: ${preset}`,
    count && t('wizard.config.modified_count', { count }),
    !draft.pretrained && t('wizard.config.pretrained_off'),
    tagsOf(draft.tags).length && `${t('wizard.review.tags')}: ${tagsOf(draft.tags).join(', ')}`,
    draft.notes.trim() && t('wizard.review.notes'),
    Number(draft.priority) && `${t('wizard.review.priority')}: ${draft.priority}`,
  ].filter(Boolean)
  return (
    parts.length > 0 && (
      <Banner tone="info" title={t('wizard.quick.rest')}>
        {parts.join(' · ')}
      </Banner>
    )
  )
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
