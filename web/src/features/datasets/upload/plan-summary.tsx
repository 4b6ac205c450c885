import { formatBytes } from '@/i18n/format'
import { useT } from '@/i18n/i18n'
import { Banner } from '@/ui/banner'
import { Button } from '@/ui/button'
import { Field } from '@/ui/field'
import { Icon } from '@/ui/icons'
import { Input } from '@/ui/input'
import { hasLoose, type Batch, type Format, type LeftOut, type Plan } from './plan'
import styles from './upload-panel.module.css'

const NAMES_MOST = 12
const LEFT_OUT_MOST = 100
const reasons: readonly LeftOut[] = ['empty', 'not_image', 'twice', 'hidden']

type Props = {
  plan: Plan
  batches: readonly Batch[]
  format: Format
  /** the user has pressed the button: what stands in the way is an error now */
  isTried: boolean
  onClear: () => void
  onClass: (batch: number, className: string) => void
}

/** What was chosen, before it is sent: what goes, what stays, what stands in the way. */
export function PlanSummary({ plan, batches, format, isTried, onClear, onClass }: Props) {
  const t = useT()
  const { classes, huge, obstacle } = plan
  const isWarning = obstacle === 'one_class' || (obstacle === 'no_class' && !isTried)
  return (
    <div className={styles.plan}>
      <div className={styles.summary} role="status">
        <Icon name={plan.kind === 'archive' ? 'database' : 'images'} />
        <span className={styles.words}>
          <strong>
            {t('datasets.plan.summary', {
              count: plan.files.length,
              size: formatBytes(plan.bytes),
            })}
          </strong>
          {plan.kind === 'archive' && (
            <span>{t('datasets.plan.archive', { name: plan.files[0]!.path })}</span>
          )}
          {classes.length > 0 && (
            <span>
              {t('datasets.plan.classes', {
                count: classes.length,
                names:
                  classes.slice(0, NAMES_MOST).join(', ') +
                  (classes.length > NAMES_MOST ? ' …' : ''),
              })}
            </span>
          )}
        </span>
        <Button size="sm" icon="close" onClick={onClear}>
          {t('datasets.plan.clear')}
        </Button>
      </div>
      {format === 'imagefolder' &&
        batches.map((batch, index) =>
          hasLoose(batch) && plan.kind === 'files' ? (
            <LooseClass
              key={index}
              batch={batch}
              onClass={(className) => onClass(index, className)}
            />
          ) : null,
        )}
      {plan.leftOut.length > 0 && <LeftOutFiles plan={plan} />}
      {huge.length > 0 && (
        <Banner tone="warn">
          {t('datasets.plan.huge', { count: huge.length, name: huge[0]! })}
        </Banner>
      )}
      {obstacle && (
        <Banner tone={isWarning ? 'warn' : 'danger'}>
          {t(`datasets.plan.obstacles.${obstacle}`)}
        </Banner>
      )}
    </div>
  )
}

function LooseClass({ batch, onClass }: { batch: Batch; onClass: (className: string) => void }) {
  const t = useT()
  const count = batch.files.filter(({ path }) => !path.includes('/')).length
  return (
    <Field
      label={`${t('datasets.plan.loose_title', { count })}: ${t('datasets.plan.loose_class')}`}
      hint={t('datasets.plan.loose_hint')}
      required
    >
      <Input
        maxLength={100}
        placeholder={t('datasets.plan.loose_example')}
        value={batch.className}
        onChange={(event) => onClass(event.target.value)}
      />
    </Field>
  )
}

function LeftOutFiles({ plan: { leftOut } }: { plan: Plan }) {
  const t = useT()
  const sums = reasons
    .map((reason) => [reason, leftOut.filter((file) => file.reason === reason).length] as const)
    .filter(([, count]) => count)
  return (
    <Banner tone="warn" title={t('datasets.plan.left_out', { count: leftOut.length })}>
      <ul className={styles.reasons}>
        {sums.map(([reason, count]) => (
          <li key={reason}>{t(`datasets.plan.reasons.${reason}`, { count })}</li>
        ))}
      </ul>
      <details>
        <summary>{t('datasets.plan.show_left_out')}</summary>
        <ul className={styles.paths}>
          {leftOut.slice(0, LEFT_OUT_MOST).map(({ path }, index) => (
            <li key={index}>{path}</li>
          ))}
          {leftOut.length > LEFT_OUT_MOST && <li>…</li>}
        </ul>
      </details>
    </Banner>
  )
}
