import { useEffect, useMemo, useState } from 'react'
import type { Dataset } from '@/api/queries'
import { useStore } from '@/api/store'
import { useT } from '@/i18n/i18n'
import { Banner } from '@/ui/banner'
import { Button } from '@/ui/button'
import { DropZone, type PathFile } from '@/ui/drop-zone'
import { Form } from '@/ui/form'
import { useUnsavedGuard } from '@/ui/use-unsaved-guard'
import { Interrupted } from './interrupted'
import { fingerprint, isArchive, planOf, type Batch } from './plan'
import { PlanSummary } from './plan-summary'
import { findRemembered, rememberedUploads, type Draft } from './remembered'
import { UploadFields } from './upload-fields'
import styles from './upload-panel.module.css'
import { UploadProgress } from './upload-progress'
import { startUpload, uploads } from './uploader'

type Props = {
  projectId: number
  taskType?: string | null
  /** the files have arrived; the check goes on */
  onDone: (dataset: Dataset) => void
}

/** The form of an upload, or the upload that runs for this project. */
export default function UploadPanel(props: Props) {
  const running = useStore(uploads).get(props.projectId)
  const done = (dataset: Dataset) => {
    running?.leave()
    props.onDone(dataset)
  }
  return (
    <div className={styles.panel}>
      {running && <UploadProgress upload={running} onDone={done} />}
      {/* Hidden, not gone: what was typed is there when the upload has to be changed. */}
      <div hidden={Boolean(running)}>
        <UploadForm {...props} isRunning={Boolean(running)} />
      </div>
    </div>
  )
}

const emptyDraft = (taskType?: string | null): Draft => ({
  name: '',
  description: '',
  format: !taskType || taskType === 'image_classification' ? 'imagefolder' : 'yolo',
  visibility: 'private',
})

/** "dogs_cats.tar.gz" and the folder "dogs cats" are names already. */
function nameOf(files: readonly PathFile[]): string {
  const first = files[0]?.path ?? ''
  if (isArchive(first)) return first.replace(/(\.tar)?\.\w+$/, '')
  const top = first.split('/')[0]!
  return first.includes('/') && files.every(({ path }) => path.startsWith(top + '/')) ? top : ''
}

function UploadForm({ projectId, taskType, isRunning }: Props & { isRunning: boolean }) {
  const t = useT()
  const remembered = useStore(rememberedUploads)
  const [draft, setDraft] = useState<Draft>(() => emptyDraft(taskType))
  const [isFormatChosen, setFormatChosen] = useState(false)
  const [batches, setBatches] = useState<readonly Batch[]>([])
  const [isTried, setTried] = useState(false)
  const [isNew, setNew] = useState(false)
  const [wasRunning, setWasRunning] = useState(false)
  const change = (part: Partial<Draft>) => setDraft((old) => ({ ...old, ...part }))

  const plan = useMemo(
    () => planOf(batches, isFormatChosen ? draft.format : undefined),
    [batches, draft.format, isFormatChosen],
  )
  const prints = useMemo(() => batches.map(({ files }) => fingerprint(files)), [batches])
  const match = prints.length ? findRemembered(remembered, projectId, prints) : undefined
  const resume = isNew ? undefined : match
  const nameError = isTried && !draft.name.trim() ? t('datasets.name_needed') : undefined
  const isStopped = plan.obstacle !== null && plan.obstacle !== 'one_class'

  useEffect(() => {
    if (!resume) return
    setDraft(resume.draft)
    setFormatChosen(true)
  }, [resume])
  useEffect(() => {
    if (isRunning) return setWasRunning(true)
    if (!wasRunning) return
    setWasRunning(false)
    setTried(false)
  }, [isRunning, wasRunning])

  const add = (files: PathFile[]) => {
    const print = fingerprint(files)
    const known = remembered
      .flatMap((entry) => entry.batches)
      .find((batch) => batch.fingerprint === print)
    const next = [...batches, { files, className: known?.className ?? '' }]
    setBatches(next)
    setNew(false)
    const seen = planOf(next).format
    change({
      name: draft.name || nameOf(files),
      ...(seen && !isFormatChosen ? { format: seen } : {}),
    })
  }
  const clear = () => {
    setBatches([])
    setTried(false)
  }
  const submit = () => {
    setTried(true)
    if (!draft.name.trim() || isStopped) return
    startUpload({
      projectId,
      draft: { ...draft, name: draft.name.trim() },
      plan,
      batches: batches.map(({ className }, i) => ({ fingerprint: prints[i]!, className })),
      resume,
    })
  }
  const isDirty =
    !isRunning && !wasRunning && Boolean(draft.name || draft.description || batches.length)
  return (
    <Form className={styles.form} onSubmit={submit}>
      {useUnsavedGuard(isDirty)}
      {!batches.length &&
        remembered
          .filter((entry) => entry.projectId === projectId)
          .map((entry) => <Interrupted key={entry.id} entry={entry} />)}
      <DropZone
        onFiles={add}
        title={t(batches.length ? 'datasets.drop.more' : 'datasets.drop.title')}
        hint={t('datasets.drop.hint')}
        chooseLabel={t('datasets.drop.files')}
        folderLabel={t('datasets.drop.folder')}
      />
      {batches.length > 0 && (
        <PlanSummary
          plan={plan}
          batches={batches}
          format={draft.format}
          isTried={isTried}
          onClear={clear}
          onClass={(index, className) =>
            setBatches(batches.map((b, i) => (i === index ? { ...b, className } : b)))
          }
        />
      )}
      {isTried && !batches.length && (
        <Banner tone="danger">{t('datasets.plan.obstacles.nothing')}</Banner>
      )}
      {resume && (
        <Banner
          tone="info"
          action={
            <Button size="sm" onClick={() => setNew(true)}>
              {t('datasets.upload.start_anew')}
            </Button>
          }
        >
          {t('datasets.upload.interrupted_match', { name: resume.draft.name })}
        </Banner>
      )}
      <UploadFields
        draft={draft}
        seen={plan.format}
        nameError={nameError}
        disabled={Boolean(resume)}
        onChange={(part) => {
          if (part.format) setFormatChosen(true)
          change(part)
        }}
      />
      <span>
        <Button type="submit" variant="primary" icon="upload">
          {t(resume ? 'datasets.upload.go_on' : 'datasets.upload.start')}
        </Button>
      </span>
    </Form>
  )
}
