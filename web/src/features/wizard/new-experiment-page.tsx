import { useQuery } from '@tanstack/react-query'
import { useEffect, useRef, useState, type ComponentType } from 'react'
import { useNavigate, useParams } from 'react-router-dom'
import { errorText } from '@/api/errors'
import { projectQuery, type Dataset } from '@/api/queries'
import { useT } from '@/i18n/i18n'
import { Banner } from '@/ui/banner'
import { Button } from '@/ui/button'
import { Page } from '@/ui/page'
import { Loaded } from '@/ui/states'
import { toast } from '@/ui/toast'
import { useSearchPatch } from '@/ui/use-search-patch'
import { useUnsavedGuard } from '@/ui/use-unsaved-guard'
import { useCreateJob, type ConfigSchema } from './api'
import { ConfigStep, type ConfigView } from './config-step'
import { nest } from './config-values'
import { isTouched, jobBody, withModel } from './draft'
import { anyModel, ModelCatalogue, type ModelFilter } from './model-catalogue'
import { ReviewStep } from './review-step'
import { Steps, stepNames, type Step } from './steps'
import styles from './steps.module.css'
import { refusedFields, useDraft } from './use-draft'

/** Chooses a data set or uploads one; another feature's, put in by the application. */
export type DatasetPickerProps = {
  projectId: number
  taskType?: string | null
  value: string | null
  onChange: (id: string, dataset: Dataset) => void
}
type Props = { DatasetPicker: ComponentType<DatasetPickerProps> }

export function NewExperimentPage({ DatasetPicker }: Props) {
  const projectId = Number(useParams().projectId)
  const project = useQuery(projectQuery(projectId))
  return (
    <Loaded query={project}>
      {(found) => (
        <Wizard
          key={found.id}
          projectId={found.id}
          projectName={found.name}
          DatasetPicker={DatasetPicker}
        />
      )}
    </Loaded>
  )
}

const emptySchema: ConfigSchema = { fields: [], presets: {} }

/** Who comes from a data set's page brings its id along: taken once, so that a reload does not undo
 * a later choice. */
function useWizardUrl(reachable: Step, onDataset: (id: string) => void) {
  const [search, patch] = useSearchPatch()
  const brought = search.get('dataset')
  useEffect(() => {
    if (!brought) return
    onDataset(brought)
    patch({ dataset: null })
    // eslint-disable-next-line react-hooks/exhaustive-deps -- once, however long the address takes
  }, [brought])
  const wanted = stepNames.find((name) => name === search.get('step')) ?? 'model'
  const step = stepNames.indexOf(wanted) > stepNames.indexOf(reachable) ? reachable : wanted
  const filter: ModelFilter = {
    framework: search.get('framework') ?? anyModel.framework,
    task: search.get('task') ?? anyModel.task,
    q: search.get('q') ?? '',
  }
  const view: ConfigView =
    (['yaml', 'json'] as const).find((name) => name === search.get('view')) ?? 'form'
  return {
    step,
    filter,
    view,
    goTo: (next: Step) => patch({ step: next }, { replace: false }),
    setFilter: (next: ModelFilter) =>
      patch({
        framework: next.framework === anyModel.framework ? null : next.framework,
        task: next.task === anyModel.task ? null : next.task,
        q: next.q || null,
      }),
    setView: (next: ConfigView) => patch({ view: next === 'form' ? null : next }),
  }
}

function Wizard({
  projectId,
  projectName,
  DatasetPicker,
}: Props & { projectId: number; projectName: string }) {
  const t = useT()
  const navigate = useNavigate()
  const { draft, model, schema, reachable, change, startOver, finish, isDone } = useDraft(projectId)
  const [wasThere, setWasThere] = useState(() => isTouched(draft))
  const { step, filter, view, goTo, setFilter, setView } = useWizardUrl(reachable, (dataset_id) =>
    change({ dataset_id, dataset_path: '' }),
  )
  const create = useCreateJob()
  const [refused, setRefused] = useState<Record<string, string>>({})
  const [destination, setDestination] = useState<string | null>(null)
  const heading = useRef<HTMLHeadingElement>(null)
  const guard = useUnsavedGuard(isTouched(draft) && !isDone, {
    title: t('wizard.leave_title'),
    text: t('wizard.leave_text'),
  })

  // Only when the guard has let go.
  useEffect(() => {
    if (isDone && destination) navigate(destination, { replace: true })
  }, [isDone, destination, navigate])

  const move = (next: Step) => {
    goTo(next)
    setWasThere(false)
    requestAnimationFrame(() => {
      heading.current?.focus()
      window.scrollTo({ top: 0 })
    })
  }
  const edit = (next: Partial<typeof draft>) => {
    change(next)
    if (Object.keys(refused).length) setRefused({})
  }
  const send = (start: boolean) => {
    if (!schema.data) return
    create.mutate(
      { body: jobBody(projectId, draft, model, schema.data, nest), start },
      {
        onSuccess: ({ job, startError }) => {
          toast.success(t('wizard.created'))
          if (startError) toast.error(t('wizard.not_started', { reason: errorText(startError) }))
          finish()
          setDestination(start ? `/training/${job.id}` : `/projects/${projectId}`)
        },
        onError: (error) => setRefused(refusedFields(error)),
      },
    )
  }
  const isRefused = Object.keys(refused).length > 0
  return (
    <Page
      title={t('wizard.title')}
      description={t('wizard.lead')}
      crumbs={[{ label: projectName, to: `/projects/${projectId}` }]}
    >
      {guard}
      <Steps step={step} reachable={reachable} onStep={move} />
      {wasThere && (
        <Banner
          tone="info"
          action={
            <Button
              size="sm"
              onClick={() => {
                startOver()
                setWasThere(false)
                goTo('model')
              }}
            >
              {t('wizard.start_over')}
            </Button>
          }
        >
          {t('wizard.draft_found')}
        </Banner>
      )}
      <h2 ref={heading} tabIndex={-1} className={styles.heading}>
        {t(`wizard.steps.${step}`)}
      </h2>
      {create.error && (
        <Banner
          tone="danger"
          action={
            isRefused &&
            step !== 'config' && (
              <Button size="sm" onClick={() => move('config')}>
                {t('wizard.fix_in', { step: t('wizard.steps.config') })}
              </Button>
            )
          }
        >
          {errorText(create.error)}
        </Banner>
      )}
      {step === 'model' && (
        <ModelCatalogue
          value={draft.model_name ? `${draft.framework}/${draft.model_name}` : ''}
          filter={filter}
          onFilter={setFilter}
          onChoose={(chosen, task) => {
            edit(withModel(draft, chosen, task))
            move('dataset')
          }}
        />
      )}
      {step === 'dataset' && (
        <DatasetPicker
          projectId={projectId}
          taskType={draft.task_type}
          value={draft.dataset_id}
          onChange={(id, dataset) => edit({ dataset_id: id, dataset_format: dataset.format })}
        />
      )}
      {step === 'config' && (
        <Loaded query={schema}>
          {(found) => (
            <ConfigStep
              draft={draft}
              model={model}
              schema={found}
              refused={refused}
              view={view}
              onView={setView}
              onChange={edit}
            />
          )}
        </Loaded>
      )}
      {step === 'review' && (
        <ReviewStep
          projectId={projectId}
          draft={draft}
          model={model}
          schema={schema.data ?? emptySchema}
          refused={refused}
          onChange={edit}
          onStep={move}
        />
      )}
      <Foot
        step={step}
        canGoOn={stepNames.indexOf(reachable) > stepNames.indexOf(step)}
        chosen={step === 'model' ? (model?.display_name ?? '') : ''}
        busy={create.isPending ? (create.variables.start ? 'start' : 'create') : null}
        onStep={move}
        onCreate={send}
      />
    </Page>
  )
}

type FootProps = {
  step: Step
  canGoOn: boolean
  chosen: string
  busy: 'create' | 'start' | null
  onStep: (step: Step) => void
  onCreate: (start: boolean) => void
}

function Foot({ step, canGoOn, chosen, busy, onStep, onCreate }: FootProps) {
  const t = useT()
  const at = stepNames.indexOf(step)
  const before = stepNames[at - 1]
  const after = stepNames[at + 1]
  return (
    <div className={styles.foot}>
      {before ? (
        <Button icon="arrowLeft" onClick={() => onStep(before)}>
          {t('wizard.back')}
        </Button>
      ) : (
        <span className={styles.choice}>{chosen}</span>
      )}
      {after ? (
        <Button variant="primary" disabled={!canGoOn} onClick={() => onStep(after)}>
          {t('wizard.next')}
        </Button>
      ) : (
        <>
          <Button
            busy={busy === 'create'}
            disabled={busy === 'start'}
            onClick={() => onCreate(false)}
          >
            {t('wizard.create')}
          </Button>
          <Button
            variant="primary"
            icon="play"
            busy={busy === 'start'}
            disabled={busy === 'create'}
            onClick={() => onCreate(true)}
          >
            {t('wizard.create_and_start')}
          </Button>
        </>
      )}
    </div>
  )
}
