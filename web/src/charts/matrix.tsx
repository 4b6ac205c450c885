import { useT } from '@/i18n/i18n'
import { formatPercent } from '@/i18n/format'
import styles from './matrix.module.css'

type Props = {
  label: string
  classes: readonly string[]
  /** counts[true][predicted] */
  counts: readonly (readonly number[])[]
  selected?: { truth: number; predicted: number } | null
  onSelect?: (truth: number, predicted: number) => void
}

/** A confusion matrix: a table whose cells are as dark as their share of the true class. */
export function Matrix({ label, classes, counts, selected, onSelect }: Props) {
  const t = useT()
  return (
    // A wide matrix scrolls, and what scrolls must be reachable.
    <div className={styles.scroll} role="region" aria-label={label} tabIndex={0}>
      <table className={styles.matrix}>
        <caption className="visually-hidden">{label}</caption>
        <thead>
          <tr>
            <td className={styles.corner}>
              <span>{t('charts.predicted')} →</span>
              <span>↓ {t('charts.truth')}</span>
            </td>
            {classes.map((name, index) => (
              <th key={index} scope="col" className={styles.column}>
                <span title={name}>{name}</span>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {classes.map((name, truth) => {
            const sum = (counts[truth] ?? []).reduce((a, b) => a + b, 0)
            return (
              <tr key={truth}>
                <th scope="row" className={styles.rowHead} title={name}>
                  {name}
                </th>
                {classes.map((other, predicted) => {
                  const count = counts[truth]?.[predicted] ?? 0
                  const share = sum ? count / sum : 0
                  const right = truth === predicted
                  const isSelected = selected?.truth === truth && selected.predicted === predicted
                  const words = t('charts.cell', {
                    truth: name,
                    predicted: other,
                    count,
                    percent: formatPercent(share),
                  })
                  const style = {
                    background: `color-mix(in srgb, var(${right ? '--chart-2' : '--chart-loss'}) ${Math.round(share * 78)}%, var(${count ? '--panel' : '--sunken'}))`,
                  }
                  return (
                    <td key={predicted} className={styles.cell} style={style}>
                      {onSelect && count ? (
                        <button
                          type="button"
                          title={words}
                          aria-label={words}
                          aria-pressed={isSelected}
                          onClick={() => onSelect(truth, predicted)}
                        >
                          {count}
                        </button>
                      ) : (
                        <span title={words}>{count || ''}</span>
                      )}
                    </td>
                  )
                })}
              </tr>
            )
          })}
        </tbody>
      </table>
    </div>
  )
}
