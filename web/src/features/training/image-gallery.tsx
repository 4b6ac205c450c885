import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useCallback, useState, type ReactNode } from 'react'
import { keys } from '@/api/keys'
import { useMedia } from '@/api/media'
import { datasetQuery } from '@/api/queries'
import { ObjectOverlay } from '@/canvas/object-overlay'
import { shapesOf, skeletonOf } from '@/canvas/shapes'
import { formatPercent } from '@/i18n/format'
import { useT } from '@/i18n/i18n'
import { Icon } from '@/ui/icons'
import { EmptyState, ErrorState, LoadingRows } from '@/ui/states'
import { VirtualGrid } from '@/ui/virtual'
import { fetchImages, IMAGES_PAGE, type ImageFilter, type ValidationImage } from './api'
import { ImageDialog, THRESHOLD } from './image-dialog'
import styles from './validation.module.css'

const NEAR_END = 8 // images; the next page is there when the last of this one is reached

type Props = {
  jobId: number
  datasetId: string | null
  epoch: number
  filter: ImageFilter
  height: string
  /** what stands where no image of the epoch was kept */
  missing?: ReactNode
}

/** Small pictures of the dataset, made by the server; of a dataset that is a folder, the image. */
const thumbnailOf = (image: ValidationImage, datasetId: string | null) =>
  datasetId && image.image_path
    ? `/api/v1/datasets/${datasetId}/thumbnail/${image.image_path.split('/').map(encodeURIComponent).join('/')}`
    : image.image_url

export function ImageGallery({ jobId, datasetId, epoch, filter, height, missing }: Props) {
  const t = useT()
  const [open, setOpen] = useState<number | null>(null)
  const query = useInfiniteQuery({
    queryKey: [...keys.validation(jobId), 'images', epoch, filter],
    queryFn: ({ pageParam, signal }) => fetchImages(jobId, epoch, filter, pageParam, signal),
    initialPageParam: 0,
    getNextPageParam: (last, pages) =>
      last.images.length === IMAGES_PAGE ? pages.length * IMAGES_PAGE : undefined,
  })
  const dataset = useQuery({
    ...datasetQuery(datasetId ?? ''),
    enabled: Boolean(datasetId) && open !== null,
  })
  const images = query.data?.pages.flatMap((page) => page.images) ?? []
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = query
  const more = useCallback(() => {
    if (hasNextPage && !isFetchingNextPage) void fetchNextPage()
  }, [hasNextPage, isFetchingNextPage, fetchNextPage])

  const show = (index: number) => {
    setOpen(index)
    if (index + NEAR_END >= images.length) more()
  }

  if (query.error && !query.data)
    return <ErrorState error={query.error} onRetry={() => void query.refetch()} />
  if (!query.data) return <LoadingRows rows={3} height="8rem" />
  if (!images.length)
    return (
      <EmptyState icon="images" title={t('training.no_images')}>
        {missing}
      </EmptyState>
    )
  const shown = open === null ? undefined : images[open]
  return (
    <>
      <VirtualGrid
        count={images.length}
        cellWidth={132}
        cellHeight={168}
        height={height}
        label={t('training.images')}
        onEnd={more}
      >
        {(index) => (
          <ImageCard image={images[index]!} datasetId={datasetId} onOpen={() => show(index)} />
        )}
      </VirtualGrid>
      {shown && open !== null && (
        <ImageDialog
          image={shown}
          skeleton={skeletonOf(dataset.data?.keypoints)}
          onClose={() => setOpen(null)}
          onPrevious={open > 0 ? () => show(open - 1) : undefined}
          onNext={open + 1 < images.length ? () => show(open + 1) : undefined}
        />
      )}
    </>
  )
}

type CardProps = { image: ValidationImage; datasetId: string | null; onOpen: () => void }

function ImageCard({ image, datasetId, onOpen }: CardProps) {
  const t = useT()
  const source = useMedia(thumbnailOf(image, datasetId))
  const found = shapesOf(image.predicted_boxes, 'found').filter(
    (shape) => (shape.confidence ?? 1) >= THRESHOLD,
  )
  const truths = shapesOf(image.true_boxes, 'truth')
  const isDetection = image.predicted_boxes !== undefined && image.predicted_boxes !== null
  const words = isDetection
    ? t('training.objects', { found: found.length, truths: truths.length })
    : t(image.is_correct ? 'training.image_right' : 'training.image_wrong', {
        truth: image.true_label ?? '-',
        predicted: image.predicted_label ?? '-',
        percent: formatPercent(image.confidence),
      })
  return (
    <button
      type="button"
      className={styles.image}
      data-correct={image.is_correct}
      aria-label={`${image.image_name}: ${words}`}
      onClick={onOpen}
    >
      <span className={styles.picture}>
        {source && <img src={source} alt="" loading="lazy" />}
        {source && image.objects?.width && image.objects.height && (
          <ObjectOverlay
            width={image.objects.width}
            height={image.objects.height}
            shapes={[...truths, ...found]}
          />
        )}
        <span className={styles.mark} aria-hidden="true">
          <Icon name={image.is_correct ? 'check' : 'close'} size={13} strokeWidth={3} />
        </span>
      </span>
      <span className={styles.words} aria-hidden="true">
        {isDetection ? (
          <span>{words}</span>
        ) : (
          <>
            <span className={styles.predicted}>{image.predicted_label}</span>
            <span className="tabular">{formatPercent(image.confidence)}</span>
            {!image.is_correct && (
              <span className={styles.truth}>
                {t('training.truth_is', { label: image.true_label ?? '-' })}
              </span>
            )}
          </>
        )}
      </span>
    </button>
  )
}
