import { tMaybe, useT, type Translate } from '@/i18n/i18n'
import { Badge } from '@/ui/badge'
import { IconButton } from '@/ui/button'
import { Field } from '@/ui/field'
import { Input } from '@/ui/input'
import { Select } from '@/ui/select'
import { Switch } from '@/ui/switch'
import styles from './config.module.css'
import {
  optionsOf,
  type ConfigField as FieldSchema,
  type Problem,
  type Value,
} from './config-values'
import { NumberInput } from './number-input'

const key = (field: Pick<FieldSchema, 'name'>) => `wizard.fields.${field.name.replaceAll('.', '_')}`

/** In the reader's language where we have it, else as the training service calls it. */
const fieldLabel = (field: Pick<FieldSchema, 'name' | 'label'>) =>
  tMaybe(`${key(field)}.label`) ?? field.label ?? field.name

export const problemText = (t: Translate, problem: Problem): string =>
  t(`wizard.config.problems.${problem.kind}`, {
    least: 'least' in problem ? String(problem.least) : '',
    most: 'most' in problem ? String(problem.most) : '',
    choices: 'choices' in problem ? problem.choices : '',
  })

type Props = {
  field: FieldSchema
  value: Value | undefined
  isModified: boolean
  error?: string
  onChange: (value: Value) => void
  onReset: () => void
}

export function ConfigField({ field, value, isModified, error, onChange, onReset }: Props) {
  const t = useT()
  const label = fieldLabel(field)
  const hint =
    tMaybe(`${key(field)}.hint`) ?? (tMaybe(`${key(field)}.label`) ? null : field.description)
  return (
    <Field
      label={label}
      hint={hint ?? (field.type === 'array' ? t('wizard.config.list_hint') : null)}
      error={error}
      extra={
        isModified && (
          <span className={styles.modified}>
            <Badge tone="accent">{t('wizard.config.modified')}</Badge>
            <IconButton
              icon="restart"
              size="sm"
              label={t('wizard.config.reset', { name: label })}
              onClick={onReset}
            />
          </span>
        )
      }
    >
      <Control field={field} value={value} onChange={onChange} />
    </Field>
  )
}

function Control({ field, value, onChange }: Pick<Props, 'field' | 'value' | 'onChange'>) {
  const t = useT()
  if (field.type === 'boolean')
    return (
      <Switch
        checked={value === true}
        onChange={onChange}
        words={t(value === true ? 'wizard.config.on' : 'wizard.config.off')}
      />
    )
  if (field.type === 'select')
    return (
      <Select
        value={String(value ?? '')}
        onChange={onChange}
        options={optionsOf(field).map((option) => ({
          ...option,
          label: tMaybe(`${key(field)}.options.${option.value}`) ?? option.label,
        }))}
      />
    )
  if (field.type === 'number' || field.type === 'array')
    return <NumberInput value={value} onChange={onChange} list={field.type === 'array'} />
  return (
    <Input
      value={value == null ? '' : String(value)}
      placeholder={t('wizard.config.unset')}
      onChange={(event) => onChange(event.target.value || null)}
    />
  )
}
