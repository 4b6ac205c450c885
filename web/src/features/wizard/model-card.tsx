import { tMaybe, useT } from '@/i18n/i18n'
import { Badge, Chip } from '@/ui/badge'
import { Button } from '@/ui/button'
import { cx } from '@/ui/cx'
import { Icon, type IconName } from '@/ui/icons'
import type { Model } from './api'
import { useModelWords } from './model-words'
import styles from './model.module.css'

const icons: Record<string, IconName> = {
  image_classification: 'tag',
  object_detection: 'target',
  instance_segmentation: 'images',
  semantic_segmentation: 'images',
  panoptic_segmentation: 'images',
  pose_estimation: 'user',
  super_resolution: 'zoomIn',
}

type Props = {
  model: Model
  isChosen: boolean
  onChoose: () => void
  onDetails: () => void
}

export function ModelCard({ model, isChosen, onChoose, onDetails }: Props) {
  const t = useT()
  const say = useModelWords()
  const { display_name, task_types, input_size } = model
  const description = say(model.description)
  const task = task_types[0] ?? ''
  return (
    <article className={cx(styles.card, isChosen && styles.chosen)}>
      <header className={styles.head}>
        <span className={styles.icon}>
          <Icon name={icons[task] ?? 'grid'} size={20} />
        </span>
        <div className={styles.words}>
          <h3 className={styles.name}>{display_name}</h3>
          <p className={styles.task}>
            ({tMaybe(`experiments.tasks.${task}`) ?? task}) · {model.framework}
          </p>
        </div>
      </header>
      <p className={styles.description} title={description}>
        {description}
      </p>
      <dl className={styles.facts}>
        <Fact name={t('wizard.model.params')} value={model.params || model.parameters} />
        <Fact name={t('wizard.model.input')} value={`${input_size}×${input_size}`} />
        <Fact name={t('wizard.model.batch')} value={model.recommended_batch_size} />
        <Fact name={t('wizard.model.lr')} value={model.recommended_lr} />
      </dl>
      <p className={styles.chips}>
        {model.recommended && <Badge tone="accent">{t('wizard.model.recommended')}</Badge>}
        {model.performance_tier && (
          <Chip>{tMaybe(`wizard.model.${model.performance_tier}`) ?? model.performance_tier}</Chip>
        )}
        {model.pretrained_installed && <Chip>{t('wizard.model.pretrained_installed')}</Chip>}
      </p>
      <footer className={styles.foot}>
        <Button
          size="sm"
          variant={isChosen ? 'primary' : 'secondary'}
          icon={isChosen ? 'check' : undefined}
          aria-pressed={isChosen}
          aria-label={t('wizard.model.select_name', { name: display_name })}
          onClick={onChoose}
        >
          {t(isChosen ? 'wizard.model.selected' : 'wizard.model.select')}
        </Button>
        <Button
          size="sm"
          variant="ghost"
          aria-label={t('wizard.model.details_name', { name: display_name })}
          onClick={onDetails}
        >
          {t('wizard.model.details')}
        </Button>
      </footer>
    </article>
  )
}

function Fact({ name, value }: { name: string; value: string | number }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  )
}
