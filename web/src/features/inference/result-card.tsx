import { useState } from 'react'
import { useMedia } from '@/api/media'
import { errorText } from '@/api/errors'
import { ObjectCanvas } from '@/canvas/object-canvas'
import { shapesOfAnswer, skeletonOf } from '@/canvas/shapes'
import { formatNumber } from '@/i18n/format'
import { useT } from '@/i18n/i18n'
import { Banner } from '@/ui/banner'
import { Button, IconButton } from '@/ui/button'
import { Dialog } from '@/ui/dialog'
import { Spinner } from '@/ui/spinner'
import type { Answer, Prediction } from './api'
import { RankedBars } from './ranked-bars'
import styles from './inference.module.css'

type Props = {
  name: string
  /** path of the API, or an object URL */
  image: string
  state: 'waiting' | 'running' | 'done' | 'failed'
  answer?: Answer | { predictions: Prediction[]; inference_time_ms: number | null }
  error?: unknown
  threshold: number
  onThreshold: (threshold: number) => void
  onRetry?: () => void
  /** without it there is no button */
  onRemove?: () => void
  removeLabel: string
}

/** An image and what the network says about it. */
export function ResultCard(props: Props) {
  const { name, image, state, answer, error, threshold, onThreshold, onRetry } = props
  const t = useT()
  const [isLarge, setLarge] = useState(false)
  const isObject = image.startsWith('blob:')
  const served = useMedia(isObject ? null : image)
  const source = isObject ? image : served
  const shapes = shapesOfAnswer(answer)
  const skeleton = skeletonOf(answer)
  const isDetection = shapes.length > 0
  return (
    <article className={styles.card} aria-label={name} aria-busy={state === 'running'}>
      <header className={styles.head}>
        <h3 className={styles.file} title={name}>
          {name}
        </h3>
        {props.onRemove && (
          <IconButton icon="close" size="sm" label={props.removeLabel} onClick={props.onRemove} />
        )}
      </header>
      {isDetection ? (
        <ObjectCanvas
          label={name}
          image={image}
          shapes={shapes}
          threshold={threshold}
          onThreshold={onThreshold}
          skeleton={skeleton}
        />
      ) : (
        <button
          type="button"
          className={styles.preview}
          aria-label={t('inference.enlarge', { name })}
          onClick={() => setLarge(true)}
        >
          {source && <img src={source} alt="" loading="lazy" />}
        </button>
      )}
      {(state === 'waiting' || state === 'running') && (
        <p className={styles.state} role="status">
          {state === 'running' && <Spinner size={14} />}
          {t(state === 'running' ? 'inference.running' : 'inference.waiting')}
        </p>
      )}
      {state === 'failed' && (
        <Banner
          tone="danger"
          action={
            onRetry && (
              <Button size="sm" icon="refresh" onClick={onRetry}>
                {t('common.retry')}
              </Button>
            )
          }
        >
          {errorText(error)}
        </Banner>
      )}
      {answer && (
        <>
          <RankedBars predictions={answer.predictions} threshold={threshold} />
          {typeof answer.inference_time_ms === 'number' && (
            <p className={styles.time}>
              {t('inference.time', { time: formatNumber(answer.inference_time_ms, 1) })}
            </p>
          )}
        </>
      )}
      {isLarge && (
        <Dialog onClose={() => setLarge(false)} title={name} size="lg">
          <ObjectCanvas
            label={name}
            image={image}
            shapes={shapes}
            threshold={threshold}
            onThreshold={onThreshold}
            skeleton={skeleton}
          />
        </Dialog>
      )}
    </article>
  )
}
