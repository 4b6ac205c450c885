import { Link } from 'react-router-dom'
import type { Dataset } from '@/api/queries'
import { formatBytes } from '@/i18n/format'
import { tMaybe, useT } from '@/i18n/i18n'
import { Badge, Chip, type Tone } from '@/ui/badge'
import { cx } from '@/ui/cx'
import { Icon } from '@/ui/icons'
import { RelativeTime } from '@/ui/relative-time'
import { Spinner } from '@/ui/spinner'
import { ClassSpark } from './class-spark'
import styles from './dataset-card.module.css'
import { doctorWords } from './doctor-words'

const tones: Record<string, Tone> = {
  ready: 'good',
  not_ready: 'danger',
  analyzing: 'info',
  empty: 'neutral',
}

export function StatusMark({ dataset }: { dataset: Dataset }) {
  const { status } = dataset
  return (
    <Badge
      tone={tones[status] ?? 'neutral'}
      mark={status === 'analyzing' ? <Spinner size={10} /> : undefined}
    >
      {tMaybe(`datasets.status.${status}`) ?? status}
    </Badge>
  )
}

/** Why it cannot be trained on, in words; null if it can. */
export function useObstacle() {
  const t = useT()
  return (dataset: Dataset, taskType?: string | null): string | null => {
    if (dataset.status === 'empty') return t('datasets.page.empty')
    if (dataset.status === 'analyzing') return t('datasets.page.analyzing')
    if (dataset.status === 'not_ready')
      return doctorWords(dataset.status_reason) || t('datasets.page.not_ready')
    if (taskType && dataset.task_type && dataset.task_type !== taskType)
      return t('datasets.not_for_task', {
        task: tMaybe(`datasets.tasks.${dataset.task_type}`) ?? dataset.task_type,
      })
    return null
  }
}

/** What a card says of a data set, wherever it stands. */
export function CardContent({ dataset, obstacle }: { dataset: Dataset; obstacle: string | null }) {
  const t = useT()
  return (
    <>
      <span className={styles.facts}>
        <Chip>{tMaybe(`datasets.format_names.${dataset.format}`) ?? dataset.format}</Chip>
        <span>{t('datasets.images', { count: dataset.num_images })}</span>
        {dataset.num_classes != null && (
          <span>{t('datasets.classes', { count: dataset.num_classes })}</span>
        )}
        <span>{formatBytes(dataset.total_size_bytes)}</span>
      </span>
      <span className={styles.spark}>
        <ClassSpark distribution={dataset.class_distribution} />
      </span>
      {obstacle && dataset.status !== 'analyzing' && (
        <span className={styles.obstacle}>
          <Icon name="warning" size={15} />
          <span>{obstacle}</span>
        </span>
      )}
    </>
  )
}

/** The whole card leads to the data set; its link is the name. */
export function DatasetCard({ dataset }: { dataset: Dataset }) {
  const obstacleOf = useObstacle()
  return (
    <article className={cx(styles.card, styles.link)}>
      <span className={styles.head}>
        <h2 className={styles.name}>
          <Link to={`/datasets/${dataset.id}`}>{dataset.name}</Link>
        </h2>
        <StatusMark dataset={dataset} />
      </span>
      <CardContent dataset={dataset} obstacle={obstacleOf(dataset)} />
      <span className={styles.time}>
        <RelativeTime time={dataset.updated_at ?? dataset.created_at} />
      </span>
    </article>
  )
}
