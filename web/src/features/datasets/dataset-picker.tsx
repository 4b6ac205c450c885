/* dataset-picker.tsx - choose a data set of a project, or upload one; for a page of any feature,
 * which gets it from app/. */
import { useQuery } from '@tanstack/react-query'
import { useRef, useState, type KeyboardEvent } from 'react'
import { datasetsQuery, projectQuery, useMe, type Dataset } from '@/api/queries'
import { mayInProject } from '@/api/roles'
import { useT } from '@/i18n/i18n'
import { Button } from '@/ui/button'
import { CardGrid } from '@/ui/card'
import { Icon } from '@/ui/icons'
import { lazyWhenUsed } from '@/ui/lazy-when-used'
import { Stack } from '@/ui/page'
import { Loaded } from '@/ui/states'
import { whileAnyAnalyzing } from './api'
import { CardContent, StatusMark, useObstacle } from './dataset-card'
import styles from './dataset-card.module.css'

const UploadPanel = lazyWhenUsed(() => import('./upload/upload-panel'))

export type DatasetPickerProps = {
  projectId: number
  /** those of other tasks cannot be chosen */
  taskType?: string | null
  /** the id of the chosen one */
  value: string | null
  onChange: (id: string, dataset: Dataset) => void
}

export default function DatasetPicker({
  projectId,
  taskType,
  value,
  onChange,
}: DatasetPickerProps) {
  const t = useT()
  const me = useMe()
  const project = useQuery(projectQuery(projectId))
  const datasets = useQuery({ ...datasetsQuery(projectId), ...whileAnyAnalyzing })
  const [isOpen, setOpen] = useState(false)
  const mayUpload = mayInProject(project.data, 'work', me)
  return (
    <Loaded query={datasets}>
      {({ datasets: all }) => (
        <Stack>
          {all.length > 0 ? (
            <Choices all={all} taskType={taskType} value={value} onChange={onChange} />
          ) : (
            <p>{t(mayUpload ? 'datasets.pick_empty' : 'datasets.empty_viewer')}</p>
          )}
          {mayUpload &&
            (isOpen || !all.length ? (
              <UploadPanel
                projectId={projectId}
                taskType={taskType}
                onDone={(dataset) => {
                  setOpen(false)
                  onChange(dataset.id, dataset)
                }}
              />
            ) : (
              <span>
                <Button icon="upload" onClick={() => setOpen(true)}>
                  {t('datasets.pick_or_upload')}
                </Button>
              </span>
            ))}
        </Stack>
      )}
    </Loaded>
  )
}

type ChoicesProps = Pick<DatasetPickerProps, 'taskType' | 'value' | 'onChange'> & {
  all: readonly Dataset[]
}

const steps: Record<string, number> = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }

/** Radio buttons as cards: arrows move, space chooses.  One that cannot be chosen says why. */
function Choices({ all, taskType, value, onChange }: ChoicesProps) {
  const t = useT()
  const obstacleOf = useObstacle()
  const group = useRef<HTMLDivElement>(null)
  // A new upload is still being checked when it is chosen: that is no obstacle.
  const isClosed = (dataset: Dataset) =>
    dataset.status !== 'analyzing' && obstacleOf(dataset, taskType) !== null
  const entry = all.find(({ id }) => id === value)?.id ?? all[0]!.id

  const move = (event: KeyboardEvent) => {
    const step = steps[event.key]
    if (!step) return
    event.preventDefault()
    const radios = [...group.current!.querySelectorAll<HTMLElement>('[role=radio]')]
    const at = radios.indexOf(document.activeElement as HTMLElement)
    radios[(at + step + radios.length) % radios.length]?.focus()
  }
  return (
    // eslint-disable-next-line jsx-a11y/interactive-supports-focus -- its radios have the focus
    <div ref={group} role="radiogroup" aria-label={t('datasets.pick')} onKeyDown={move}>
      <CardGrid min="16rem">
        {all.map((dataset) => (
          <button
            key={dataset.id}
            type="button"
            role="radio"
            aria-checked={dataset.id === value}
            aria-disabled={isClosed(dataset) || undefined}
            tabIndex={dataset.id === entry ? 0 : -1}
            className={styles.card}
            onClick={() => !isClosed(dataset) && onChange(dataset.id, dataset)}
          >
            <span className={styles.head}>
              <span className={styles.name}>{dataset.name}</span>
              {dataset.id === value ? (
                <span className={styles.mark}>
                  <Icon name="check" size={16} />
                  {t('datasets.selected')}
                </span>
              ) : (
                <StatusMark dataset={dataset} />
              )}
            </span>
            <CardContent dataset={dataset} obstacle={obstacleOf(dataset, taskType)} />
          </button>
        ))}
      </CardGrid>
    </div>
  )
}
