import { useQuery, type UseQueryResult } from '@tanstack/react-query'
import { useCallback, useEffect, useRef, useState, type ReactNode } from 'react'
import { Link, useParams } from 'react-router-dom'
import { checkpointsQuery } from '@/api/job-results'
import { jobName } from '@/api/jobs'
import { jobQuery, projectQuery, useMe, type Job } from '@/api/queries'
import { mayInProject } from '@/api/roles'
import { metricText } from '@/charts/metric-names'
import { useT } from '@/i18n/i18n'
import { Banner } from '@/ui/banner'
import { Button, ButtonLink } from '@/ui/button'
import { Card, CardGrid } from '@/ui/card'
import { DropZone } from '@/ui/drop-zone'
import { Field } from '@/ui/field'
import { Page, Stack } from '@/ui/page'
import { Select } from '@/ui/select'
import { Slider } from '@/ui/slider'
import { EmptyState, ErrorState, Loaded, LoadingRows } from '@/ui/states'
import { toast } from '@/ui/toast'
import { useSearchPatch } from '@/ui/use-search-patch'
import { predict, trainedJobsQuery, useHistoryGrew, type Wishes } from './api'
import { History } from './history'
import { again, change, nextWaiting, withFiles, type Item } from './queue'
import { ResultCard } from './result-card'
import styles from './inference.module.css'

const BEST = 'best'
const percent = (value: number) => value.toFixed(2)

export default function InferencePage() {
  const t = useT()
  const projectId = Number(useParams().projectId)
  const project = useQuery(projectQuery(projectId))
  const jobs = useQuery(trainedJobsQuery(projectId))
  const me = useMe()
  const [search] = useSearchPatch()
  return (
    <Page
      title={t('inference.title')}
      description={t('inference.lead')}
      crumbs={[
        { label: t('shell.projects'), to: '/' },
        { label: project.data?.name ?? t('shell.experiments'), to: `/projects/${projectId}` },
      ]}
    >
      <Loaded query={jobs}>
        {(all) =>
          all.length || search.get('job') ? (
            <Panel jobs={all} mayWork={mayInProject(project.data, 'work', me)} />
          ) : (
            <EmptyState
              icon="target"
              title={t('inference.no_jobs')}
              action={
                <ButtonLink variant="primary" to={`/projects/${projectId}/new`}>
                  {t('shell.new_experiment')}
                </ButtonLink>
              }
            >
              {t('inference.no_jobs_text')}
            </EmptyState>
          )
        }
      </Loaded>
    </Page>
  )
}

type PanelProps = { jobs: readonly Job[]; mayWork: boolean }

/** Job and checkpoint are in the address, so that a link leads to the same network, or to none. */
function Panel({ jobs, mayWork }: PanelProps) {
  const t = useT()
  const [search, set] = useSearchPatch()
  const asked = Number(search.get('job')) || null
  const best = [...jobs].sort((a, b) => (b.accuracy ?? -1) - (a.accuracy ?? -1))[0]
  const listed = asked === null ? best : jobs.find((j) => j.id === asked)
  // The list holds the newest only.
  const other = useQuery({ ...jobQuery(asked ?? 0), enabled: asked !== null && !listed })
  const job = listed ?? other.data
  const choice = (
    <Field label={t('inference.job')}>
      <Select
        value={job ? String(job.id) : ''}
        onChange={(id) => set({ job: id, checkpoint: null })}
        options={(listed || !job ? jobs : [job, ...jobs]).map((j) => ({
          value: String(j.id),
          label: jobName(j),
          hint: `${j.model_name} · ${metricText('accuracy', j.accuracy)}`,
        }))}
      />
    </Field>
  )
  if (job) return <Network job={job} mayWork={mayWork} choice={choice} />
  return (
    <Stack>
      {jobs.length > 0 && <Card>{choice}</Card>}
      <Loaded query={other}>{() => null}</Loaded>
    </Stack>
  )
}

function Network({ job, mayWork, choice }: { job: Job; mayWork: boolean; choice: ReactNode }) {
  const t = useT()
  const [search, set] = useSearchPatch()
  const asked = search.get('checkpoint')
  const checkpoints = useQuery(checkpointsQuery(job.id))
  const chosen = checkpoints.data?.find((c) => String(c.id) === asked)
  const isReady = asked === null || Boolean(chosen)
  const [threshold, setThreshold] = useState(0.25)
  const [topK, setTopK] = useState(5)
  const [iou, setIou] = useState(0.45)
  const [maxDetections, setMaxDetections] = useState(100)
  const isClassifier = job.task_type === 'image_classification'
  const wishes: Wishes = {
    jobId: job.id,
    checkpoint: chosen?.path ?? null,
    threshold,
    topK,
    iou,
    maxDetections,
  }
  return (
    <Stack>
      <Card>
        <div className={styles.choice}>
          {choice}
          <Field label={t('inference.checkpoint')}>
            <Select
              value={isReady ? (asked ?? BEST) : ''}
              onChange={(id) => set({ checkpoint: id === BEST ? null : id })}
              options={[
                { value: BEST, label: t('inference.best') },
                ...(checkpoints.data ?? []).map((c) => ({
                  value: String(c.id),
                  label: c.filename,
                  hint: c.epoch === null ? undefined : t('inference.epoch', { epoch: c.epoch }),
                })),
              ]}
            />
          </Field>
          <div className={styles.sliders}>
            <Slider
              label={t('inference.threshold')}
              value={threshold}
              format={percent}
              onChange={setThreshold}
            />
            {isClassifier ? (
              <Slider
                label={t('inference.top_k')}
                value={topK}
                min={1}
                max={10}
                step={1}
                onChange={setTopK}
              />
            ) : (
              <>
                <Slider label={t('inference.iou')} value={iou} format={percent} onChange={setIou} />
                <Slider
                  label={t('inference.max_detections')}
                  value={maxDetections}
                  min={1}
                  max={300}
                  step={1}
                  onChange={setMaxDetections}
                />
              </>
            )}
            <Link to={`/training/${job.id}`}>{t('inference.to_job')}</Link>
          </div>
        </div>
      </Card>
      {!isReady && <Unresolved query={checkpoints} onBest={() => set({ checkpoint: null })} />}
      <Predictions key={job.id} wishes={wishes} isReady={isReady} onThreshold={setThreshold} />
      <History
        key={`history ${job.id}`}
        jobId={job.id}
        mayForget={mayWork}
        threshold={threshold}
        onThreshold={setThreshold}
      />
    </Stack>
  )
}

type UnresolvedProps = {
  query: Pick<UseQueryResult<unknown>, 'data' | 'error' | 'refetch'>
  onBest: () => void
}

/** Why the checkpoint that was asked for is not the one that predicts. */
function Unresolved({ query, onBest }: UnresolvedProps) {
  const t = useT()
  if (query.data === undefined)
    return query.error ? (
      <ErrorState error={query.error} onRetry={() => void query.refetch()} />
    ) : (
      <LoadingRows rows={1} />
    )
  return (
    <Banner
      tone="warn"
      action={
        <Button size="sm" onClick={onBest}>
          {t('inference.use_best')}
        </Button>
      }
    >
      {t('inference.no_checkpoint')}
    </Banner>
  )
}

type PredictionsProps = {
  wishes: Wishes
  /** else the images wait until it is known which network is meant */
  isReady: boolean
  onThreshold: (threshold: number) => void
}

function Predictions({ wishes, isReady, onThreshold }: PredictionsProps) {
  const t = useT()
  const [items, setItems] = useState<Item[]>([])
  const latest = useRef({ items, wishes })
  const grew = useHistoryGrew(wishes.jobId)
  useEffect(() => {
    latest.current = { items, wishes }
  })
  useEffect(() => () => latest.current.items.forEach((item) => URL.revokeObjectURL(item.url)), [])

  // One at a time; whatever it comes to, the next one is looked for.
  useEffect(() => {
    const item = isReady && nextWaiting(items)
    if (!item) return
    setItems((old) => change(old, item.id, { state: 'running' }))
    predict(item.file, latest.current.wishes)
      .then((answer) => setItems((old) => change(old, item.id, { state: 'done', answer })))
      .catch((error) => setItems((old) => change(old, item.id, { state: 'failed', error })))
      .finally(() => void grew())
  }, [items, isReady, grew])

  const add = useCallback(
    (files: readonly { file: File }[]) => {
      const made = withFiles(
        latest.current.items,
        files.map((f) => f.file),
        URL.createObjectURL,
      )
      if (made.refused) toast.info(t('inference.refused', { count: made.refused }))
      setItems(made.items)
    },
    [t],
  )
  const remove = (item: Item) => {
    URL.revokeObjectURL(item.url)
    setItems((old) => old.filter((other) => other.id !== item.id))
  }
  const left = items.filter((i) => i.state === 'waiting' || i.state === 'running').length
  return (
    <>
      <DropZone
        icon="image"
        accept="image/*"
        title={t('inference.drop')}
        hint={t('inference.drop_hint')}
        chooseLabel={t('inference.choose')}
        onFiles={add}
      />
      {items.length > 0 && (
        <section aria-label={t('inference.results')}>
          <div className={styles.bar2}>
            <p aria-live="polite">
              {left
                ? t('inference.left', { count: left, total: items.length })
                : t('inference.finished', { count: items.length })}
            </p>
            <span className={styles.buttons}>
              <Button
                size="sm"
                icon="refresh"
                disabled={left > 0}
                onClick={() => setItems(again(items))}
              >
                {t('inference.again')}
              </Button>
              <Button
                size="sm"
                icon="trash"
                onClick={() => {
                  items.forEach((item) => URL.revokeObjectURL(item.url))
                  setItems([])
                }}
              >
                {t('inference.clear')}
              </Button>
            </span>
          </div>
          <CardGrid min="18rem">
            {items.map((item) => (
              <ResultCard
                key={item.id}
                name={item.file.name}
                image={item.url}
                state={item.state}
                answer={item.answer}
                error={item.error}
                threshold={wishes.threshold}
                onThreshold={onThreshold}
                removeLabel={t('inference.remove', { name: item.file.name })}
                onRemove={() => remove(item)}
                onRetry={() =>
                  setItems((old) => change(old, item.id, { state: 'waiting', error: undefined }))
                }
              />
            ))}
          </CardGrid>
        </section>
      )}
    </>
  )
}
