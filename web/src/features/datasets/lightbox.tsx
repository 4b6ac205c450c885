import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { errorText } from '@/api/errors'
import { useMedia } from '@/api/media'
import type { Dataset } from '@/api/queries'
import { ObjectCanvas } from '@/canvas/object-canvas'
import { shapesOf, skeletonOf } from '@/canvas/shapes'
import { formatBytes } from '@/i18n/format'
import { useT } from '@/i18n/i18n'
import { Badge, Chip } from '@/ui/badge'
import { Banner } from '@/ui/banner'
import { Button, IconButton } from '@/ui/button'
import { Dialog } from '@/ui/dialog'
import { Row } from '@/ui/page'
import { Spinner } from '@/ui/spinner'
import { toast } from '@/ui/toast'
import { useKeys } from '@/ui/use-keys'
import {
  annotationQuery,
  FILES_PER_PAGE,
  filesPageQuery,
  useChangeSplit,
  type DatasetFile,
  type FileFilter,
} from './api'
import { doctorWords } from './doctor-words'
import { filePath } from './file-picture'
import styles from './images-tab.module.css'

const SMALL_PIXELS = 128 // an image below this is shown in its pixels
const splits = ['train', 'val', 'test'] as const

type Props = {
  dataset: Dataset
  filter: FileFilter
  index: number
  total: number
  mayWork: boolean
  onIndex: (index: number) => void
  onClose: () => void
}

/** One image large; arrows, Home and End go through all of the choice. */
export function Lightbox({ dataset, filter, index, total, mayWork, onIndex, onClose }: Props) {
  const t = useT()
  const page = useQuery(filesPageQuery(dataset, filter, Math.floor(index / FILES_PER_PAGE)))
  const file = page.data?.images[index % FILES_PER_PAGE]

  useKeys({
    ArrowLeft: index > 0 ? () => onIndex(index - 1) : undefined,
    ArrowRight: index + 1 < total ? () => onIndex(index + 1) : undefined,
    Home: () => onIndex(0),
    End: () => onIndex(total - 1),
  })

  return (
    <Dialog
      onClose={onClose}
      size="lg"
      title={file?.class ?? file?.filename.split('/').at(-1) ?? '…'}
    >
      {file ? (
        <LabelledPicture key={file.filename} dataset={dataset} file={file} />
      ) : (
        <div className={styles.stage}>
          <Spinner size={24} />
        </div>
      )}
      <div className={styles.bar}>
        <Row>
          <IconButton
            icon="chevronLeft"
            variant="secondary"
            label={t('common.previous')}
            disabled={index <= 0}
            onClick={() => onIndex(index - 1)}
          />
          <span className="tabular" role="status">
            {t('datasets.grid.position', { index: index + 1, total })}
          </span>
          <IconButton
            icon="chevronRight"
            variant="secondary"
            label={t('common.next')}
            disabled={index >= total - 1}
            onClick={() => onIndex(index + 1)}
          />
        </Row>
        {file && mayWork && dataset.format === 'imagefolder' && file.state === 'used' && (
          <MoveButtons dataset={dataset} file={file} />
        )}
      </div>
      {file && <Facts file={file} />}
    </Dialog>
  )
}

/** With what the labels say is on it, where they say where. */
function LabelledPicture({ dataset, file }: { dataset: Dataset; file: DatasetFile }) {
  const hasPlaces = dataset.task_type !== null && dataset.task_type !== 'image_classification'
  const query = useQuery({ ...annotationQuery(dataset, file.filename), enabled: hasPlaces })
  const [threshold, setThreshold] = useState(0)
  const names = query.data?.class_names ?? []
  const shapes = shapesOf(query.data?.images[0]?.true_boxes, 'truth', names)
  if (!shapes.length) return <Picture dataset={dataset} file={file} />
  return (
    <ObjectCanvas
      label={file.filename}
      image={filePath(dataset.id, file.filename)}
      shapes={shapes}
      skeleton={skeletonOf(query.data?.keypoints)}
      threshold={threshold}
      onThreshold={setThreshold}
    />
  )
}

function Picture({ dataset, file }: { dataset: Dataset; file: DatasetFile }) {
  const t = useT()
  const [isBroken, setBroken] = useState(false)
  const source = useMedia(filePath(dataset.id, file.filename))
  return (
    <div className={styles.stage}>
      {isBroken || source === '' ? (
        <span className={styles.broken}>{t('datasets.grid.failed')}</span>
      ) : (
        <img
          src={source}
          alt={file.filename}
          data-small={(file.width !== null && file.width < SMALL_PIXELS) || undefined}
          onError={() => setBroken(true)}
        />
      )}
    </div>
  )
}

function Facts({ file }: { file: DatasetFile }) {
  const t = useT()
  return (
    <div className={styles.facts}>
      {file.reason && <Banner tone="warn">{doctorWords(file.reason)}</Banner>}
      <span className={styles.path}>{file.filename}</span>
      <span className={styles.chips}>
        {file.split && (
          <Badge tone="info">{t(`datasets.grid.splits.${file.split as 'train'}`)}</Badge>
        )}
        <Chip>
          {file.width !== null && file.height !== null
            ? t('datasets.grid.size', {
                width: file.width,
                height: file.height,
                bytes: formatBytes(file.size),
              })
            : formatBytes(file.size)}
        </Chip>
      </span>
    </div>
  )
}

function MoveButtons({ dataset, file }: { dataset: Dataset; file: DatasetFile }) {
  const t = useT()
  const change = useChangeSplit(dataset.id)
  const move = (split: (typeof splits)[number]) =>
    change.mutate(
      { assign: { [file.filename]: split } },
      {
        onSuccess: () =>
          toast.success(t('datasets.split.moved', { split: t(`datasets.grid.splits.${split}`) })),
        onError: (error) => toast.error(errorText(error)),
      },
    )
  return (
    <Row>
      {splits
        .filter((split) => split !== file.split)
        .map((split) => (
          <Button
            key={split}
            size="sm"
            busy={change.isPending}
            disabled={dataset.status === 'analyzing'}
            onClick={() => move(split)}
          >
            {t('datasets.split.move_to', { split: t(`datasets.grid.splits.${split}`) })}
          </Button>
        ))}
    </Row>
  )
}
