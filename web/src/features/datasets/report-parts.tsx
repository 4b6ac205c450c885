import type { Schemas } from '@/api/client'
import { formatBytes, formatNumber } from '@/i18n/format'
import { useT } from '@/i18n/i18n'
import { Card } from '@/ui/card'
import { Icon } from '@/ui/icons'
import styles from './dataset-page.module.css'
import { labelWords } from './label-words'

const states = ['used', 'excluded', 'fixed'] as const
const icons = { used: 'success', excluded: 'minus', fixed: 'wand' } as const

/** Every file is one of these three. */
export function Account({ files }: { files: Schemas['DatasetSums'] }) {
  const t = useT()
  const sum = states.reduce((all, state) => all + files[state].files, 0)
  return (
    <Card title={t('datasets.report.account')}>
      <p className={styles.hint}>{t('datasets.report.sum', { count: sum })}</p>
      <div className={styles.bar} aria-hidden="true">
        {states
          .filter((state) => files[state].files > 0)
          .map((state) => (
            <span key={state} data-state={state} style={{ flexGrow: files[state].files }} />
          ))}
      </div>
      <ul className={styles.account}>
        {states.map((state) => (
          <li key={state} data-state={state}>
            <Icon name={icons[state]} size={16} />
            <span>
              <strong>
                {t(`datasets.report.${state}`)}: {formatNumber(files[state].files)}
              </strong>
              <span className={styles.hint}>
                {t(`datasets.report.${state}_text`)}, {formatBytes(files[state].bytes)}
              </span>
            </span>
          </li>
        ))}
      </ul>
    </Card>
  )
}

export function Warnings({ warnings }: { warnings: readonly string[] }) {
  const t = useT()
  return (
    <Card title={t('datasets.report.warnings')}>
      <ul className={styles.warnings}>
        {warnings.map((warning) => (
          <li key={warning}>
            <Icon name="warning" size={16} />
            <span>{labelWords(warning)}</span>
          </li>
        ))}
      </ul>
    </Card>
  )
}
