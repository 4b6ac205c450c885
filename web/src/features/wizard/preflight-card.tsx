import { useQuery } from '@tanstack/react-query'
import { errorText } from '@/api/errors'
import { formatBytes, formatDuration, formatNumber } from '@/i18n/format'
import { useT } from '@/i18n/i18n'
import { Banner } from '@/ui/banner'
import { Button, IconButton } from '@/ui/button'
import { Card, Stat, StatRow } from '@/ui/card'
import { Stack } from '@/ui/page'
import { Spinner } from '@/ui/spinner'
import { preflightQuery, type Preflight } from './api'
import type { JobBody } from './draft'
import styles from './review.module.css'

const MB = 1_000_000

type Props = { body: JobBody; onBatch: (batch: number) => void }

/** The engine plans the run and times a few batches as soon as the step is seen. */
export function PreflightCard({ body, onBatch }: Props) {
  const t = useT()
  // Its name, notes and place in the queue change nothing about the run.
  const plan = useQuery(
    preflightQuery({ ...body, experiment_name: null, tags: null, notes: null, priority: 0 }),
  )
  return (
    <Card
      title={t('wizard.review.preflight')}
      actions={
        <IconButton
          icon="refresh"
          size="sm"
          label={t('common.refresh')}
          busy={plan.isFetching}
          onClick={() => void plan.refetch()}
        />
      }
    >
      <div aria-live="polite">
        {plan.isFetching && !plan.data ? (
          <p className={styles.waiting}>
            <Spinner size={16} />
            {t('wizard.review.preflight_running')}
          </p>
        ) : plan.data ? (
          <Result plan={plan.data} body={body} onBatch={onBatch} />
        ) : (
          plan.error && (
            <Banner tone="warn" title={t('wizard.review.preflight_failed')}>
              <p>{errorText(plan.error)}</p>
              <p>{t('wizard.review.preflight_failed_hint')}</p>
            </Banner>
          )
        )}
      </div>
    </Card>
  )
}

function Result({ plan, body, onBatch }: Props & { plan: Preflight }) {
  const t = useT()
  const { peak_memory_mb, available_memory_mb, largest_batch, seconds_per_epoch } = plan
  const batch = Number(body.config.batch_size)
  const epochs = Number(body.config.epochs)
  const isTooLarge =
    (largest_batch !== undefined && batch > largest_batch) ||
    (peak_memory_mb ?? 0) > (available_memory_mb ?? Infinity)
  const canShrink = largest_batch !== undefined && largest_batch >= 1 && largest_batch < batch
  const size = (megabytes?: number) => formatBytes(megabytes === undefined ? null : megabytes * MB)
  return (
    <Stack>
      {isTooLarge ? (
        <Banner
          tone="danger"
          title={t('wizard.review.too_large')}
          action={
            canShrink && (
              <Button size="sm" onClick={() => onBatch(largest_batch)}>
                {t('wizard.review.use_batch', { batch: largest_batch })}
              </Button>
            )
          }
        >
          {canShrink
            ? t('wizard.review.too_large_text', { batch: largest_batch })
            : t('wizard.review.no_batch_fits')}
        </Banner>
      ) : (
        <Banner tone="good">{t('wizard.review.fits')}</Banner>
      )}
      <StatRow>
        <Stat
          label={t('wizard.review.per_epoch')}
          value={formatDuration(seconds_per_epoch)}
          hint={
            seconds_per_epoch !== undefined &&
            t('wizard.review.total', { time: formatDuration(seconds_per_epoch * epochs) })
          }
        />
        <Stat
          label={t('wizard.review.peak_memory')}
          value={size(peak_memory_mb)}
          hint={
            available_memory_mb !== undefined &&
            t('wizard.review.available', { size: size(available_memory_mb) })
          }
        />
        <Stat
          label={t('wizard.review.largest_batch')}
          value={formatNumber(largest_batch)}
          hint={t('wizard.review.now_batch', { batch })}
        />
        <Stat
          label={t('wizard.review.images')}
          value={`${formatNumber(plan.train_images)} / ${formatNumber(plan.val_images)}`}
          hint={
            plan.num_classes !== undefined &&
            t('wizard.review.classes', { count: plan.num_classes })
          }
        />
        <Stat label={t('wizard.review.parameters')} value={formatNumber(plan.parameters)} />
      </StatRow>
    </Stack>
  )
}
