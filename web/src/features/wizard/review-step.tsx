import { useQuery } from '@tanstack/react-query'
import { datasetQuery } from '@/api/queries'
import { tMaybe, useT } from '@/i18n/i18n'
import { Chip } from '@/ui/badge'
import { Button } from '@/ui/button'
import { Card, DescriptionList } from '@/ui/card'
import { Field } from '@/ui/field'
import { Input, Textarea } from '@/ui/input'
import { Columns, Row, Stack } from '@/ui/page'
import type { ConfigSchema, Model } from './api'
import { nest } from './config-values'
import { draftSettings, jobBody, modifiedNames, tagsOf, type Draft } from './draft'
import { NumberInput } from './number-input'
import { PreflightCard } from './preflight-card'
import styles from './review.module.css'
import type { Step } from './steps'

type Props = {
  projectId: number
  draft: Draft
  model: Model | undefined
  schema: ConfigSchema
  refused: Readonly<Record<string, string>>
  onChange: (change: Partial<Draft>) => void
  onStep: (step: Step) => void
}

export function ReviewStep({ projectId, draft, model, schema, refused, onChange, onStep }: Props) {
  return (
    <Stack>
      <PreflightCard
        body={jobBody(projectId, draft, model, schema, nest)}
        onBatch={(batch_size) => onChange({ batch_size })}
      />
      <Columns min="22rem">
        <About draft={draft} refused={refused} onChange={onChange} />
        <Summary draft={draft} model={model} schema={schema} onStep={onStep} />
      </Columns>
    </Stack>
  )
}

function About({ draft, refused, onChange }: Pick<Props, 'draft' | 'refused' | 'onChange'>) {
  const t = useT()
  const tags = tagsOf(draft.tags)
  return (
    <Card title={t('wizard.review.about')}>
      <Stack>
        <Field
          label={t('wizard.review.name')}
          optional={t('common.optional')}
          error={refused.experiment_name}
        >
          <Input
            maxLength={200}
            placeholder={t('wizard.review.name_example')}
            value={draft.name}
            onChange={(event) => onChange({ name: event.target.value })}
          />
        </Field>
        <Field
          label={t('wizard.review.tags')}
          optional={t('common.optional')}
          hint={t('wizard.review.tags_hint')}
          error={refused.tags}
        >
          <Input value={draft.tags} onChange={(event) => onChange({ tags: event.target.value })} />
        </Field>
        {tags.length > 0 && (
          <Row gap={1}>
            {tags.map((tag) => (
              <Chip key={tag}>{tag}</Chip>
            ))}
          </Row>
        )}
        <Field
          label={t('wizard.review.notes')}
          optional={t('common.optional')}
          error={refused.notes}
        >
          <Textarea
            value={draft.notes}
            onChange={(event) => onChange({ notes: event.target.value })}
          />
        </Field>
        <Field
          label={t('wizard.review.priority')}
          hint={t('wizard.review.priority_hint')}
          error={priorityProblem(draft.priority, t) ?? refused.priority}
        >
          <NumberInput value={draft.priority} onChange={(priority) => onChange({ priority })} />
        </Field>
      </Stack>
    </Card>
  )
}

const PRIORITY_MOST = 1000

function priorityProblem(value: unknown, t: ReturnType<typeof useT>): string | undefined {
  if (value === null) return undefined
  return Number.isInteger(value) && Math.abs(Number(value)) <= PRIORITY_MOST
    ? undefined
    : t('wizard.config.problems.integer')
}

function Summary({
  draft,
  model,
  schema,
  onStep,
}: Omit<Props, 'projectId' | 'refused' | 'onChange'>) {
  const t = useT()
  const dataset = useQuery({
    ...datasetQuery(draft.dataset_id ?? ''),
    enabled: Boolean(draft.dataset_id),
  })
  const { basics, values } = draftSettings(draft, model, schema)
  const changed = modifiedNames(draft, model, schema).filter((name) => name in values)
  const presetName =
    draft.preset && (tMaybe(`wizard.config.presets.${draft.preset}`) ?? draft.preset)
  const change = (step: Step) => (
    <Button
      size="sm"
      variant="ghost"
      icon="edit"
      aria-label={t('wizard.review.change', { name: t(`wizard.steps.${step}`) })}
      onClick={() => onStep(step)}
    >
      {t('common.edit')}
    </Button>
  )
  return (
    <Card title={t('wizard.review.summary')}>
      <DescriptionList
        items={[
          [
            t('wizard.review.model'),
            <Row key="model" between>
              <span>
                {model?.display_name ?? draft.model_name} ({draft.framework})
              </span>
              {change('model')}
            </Row>,
          ],
          [
            t('wizard.review.task'),
            tMaybe(`experiments.tasks.${draft.task_type}`) ?? draft.task_type,
          ],
          [
            t('wizard.review.dataset'),
            <Row key="dataset" between>
              <span>{dataset.data?.name ?? draft.dataset_path}</span>
              {change('dataset')}
            </Row>,
          ],
          [
            t('wizard.config.preset'),
            <Row key="preset" between>
              <span>{presetName ?? t('wizard.config.preset_none')}</span>
              {change('config')}
            </Row>,
          ],
          [t('wizard.config.epochs'), String(basics.epochs)],
          [t('wizard.config.batch_size'), String(basics.batch_size)],
          [t('wizard.config.learning_rate'), String(basics.learning_rate)],
          [t('wizard.config.pretrained'), t(draft.pretrained ? 'common.yes' : 'common.no')],
          [
            t('wizard.review.changes'),
            changed.length ? (
              <ul className={styles.changes}>
                {changed.map((name) => (
                  <li key={name}>
                    {name}: {JSON.stringify(values[name])}
                  </li>
                ))}
              </ul>
            ) : (
              t('wizard.review.no_changes')
            ),
          ],
        ]}
      />
    </Card>
  )
}
