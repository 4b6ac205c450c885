import { useT } from '@/i18n/i18n'
import { Icon } from '@/ui/icons'
import styles from './steps.module.css'

export const stepNames = ['model', 'dataset', 'config', 'review'] as const
export type Step = (typeof stepNames)[number]

type Props = {
  step: Step
  /** the first step that lacks something: no way beyond it */
  reachable: Step
  onStep: (step: Step) => void
}

export function Steps({ step, reachable, onStep }: Props) {
  const t = useT()
  const last = stepNames.indexOf(reachable)
  return (
    <nav aria-label={t('wizard.steps.label')}>
      <ol className={styles.steps}>
        {stepNames.map((name, index) => {
          const isDone = index < last && name !== step
          return (
            <li key={name} className={styles.step}>
              <button
                type="button"
                className={styles.button}
                aria-current={name === step ? 'step' : undefined}
                disabled={index > last}
                onClick={() => onStep(name)}
              >
                <span className={styles.number} data-done={isDone || undefined} aria-hidden="true">
                  {isDone ? <Icon name="check" size={14} strokeWidth={3} /> : index + 1}
                </span>
                <span className="visually-hidden">
                  {t('wizard.step_of', { step: index + 1, name: t(`wizard.steps.${name}`) })}
                  {isDone && ` (${t('wizard.step_done')})`}
                </span>
                <span className={styles.name} aria-hidden="true">
                  {t(`wizard.steps.${name}`)}
                </span>
              </button>
            </li>
          )
        })}
      </ol>
    </nav>
  )
}
