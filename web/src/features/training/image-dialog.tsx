import { useState } from 'react'
import { ObjectCanvas } from '@/canvas/object-canvas'
import { shapesOf } from '@/canvas/shapes'
import { Bars } from '@/charts/bars'
import { formatPercent } from '@/i18n/format'
import { useT } from '@/i18n/i18n'
import { Button } from '@/ui/button'
import { Dialog } from '@/ui/dialog'
import { Icon } from '@/ui/icons'
import { useKeys } from '@/ui/use-keys'
import type { ValidationImage } from './api'
import styles from './validation.module.css'

/** How sure a network has to be to say that it found something, until somebody says otherwise. */
export const THRESHOLD = 0.25

type Props = {
  image: ValidationImage
  /** of key points, as the data set states it */
  skeleton?: unknown
  onClose: () => void
  onPrevious?: () => void
  onNext?: () => void
}

/** top5_predictions: [{label, confidence}] */
function barsOf(top5: unknown, truth: string | null) {
  if (!Array.isArray(top5)) return []
  return top5.flatMap((row: { label?: string; confidence?: number }) =>
    typeof row?.confidence === 'number'
      ? {
          label: String(row.label),
          value: row.confidence,
          strong: row.label === truth,
          color: row.label === truth ? 'var(--chart-2)' : undefined,
        }
      : [],
  )
}

/** One validated image as large as fits; arrow keys go on to its neighbours. */
export function ImageDialog({ image, skeleton, onClose, onPrevious, onNext }: Props) {
  const t = useT()
  const [threshold, setThreshold] = useState(THRESHOLD)
  useKeys({ ArrowLeft: onPrevious, ArrowRight: onNext })
  const shapes = [
    ...shapesOf(image.true_boxes, 'truth'),
    ...shapesOf(image.predicted_boxes, 'found'),
  ]
  const bars = barsOf(image.top5_predictions, image.true_label ?? null)
  const isDetection = shapes.length > 0
  return (
    <Dialog
      onClose={onClose}
      size="lg"
      title={image.image_name}
      description={
        isDetection
          ? undefined
          : t(image.is_correct ? 'training.image_right' : 'training.image_wrong', {
              truth: image.true_label ?? '-',
              predicted: image.predicted_label ?? '-',
              percent: formatPercent(image.confidence),
            })
      }
      footer={
        <>
          <Button icon="chevronLeft" disabled={!onPrevious} onClick={onPrevious}>
            {t('common.previous')}
          </Button>
          <Button disabled={!onNext} onClick={onNext}>
            {t('common.next')}
            <Icon name="chevronRight" size={16} />
          </Button>
        </>
      }
    >
      <div className={styles.large}>
        <ObjectCanvas
          label={image.image_name ?? ''}
          image={image.image_url}
          shapes={shapes}
          threshold={threshold}
          onThreshold={setThreshold}
          skeleton={skeleton}
        />
        {bars.length > 0 && (
          <Bars
            label={t('training.top_predictions')}
            bars={bars}
            max={1}
            format={(v) => formatPercent(v, 2)}
          />
        )}
      </div>
    </Dialog>
  )
}
