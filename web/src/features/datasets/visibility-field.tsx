import { useT } from '@/i18n/i18n'
import { Field } from '@/ui/field'
import { Select } from '@/ui/select'

const visibilities = ['private', 'organization', 'public'] as const
type Visibility = (typeof visibilities)[number]

type Props = {
  value: string
  disabled?: boolean
  onChange: (visibility: Visibility) => void
}

/** Who else may use a data set. */
export function VisibilityField({ value, disabled, onChange }: Props) {
  const t = useT()
  return (
    <Field label={t('datasets.visibility')}>
      <Select
        value={value}
        disabled={disabled}
        onChange={(next) => onChange(next as Visibility)}
        options={visibilities.map((name) => ({
          value: name,
          label: t(`datasets.visibilities.${name}`),
        }))}
      />
    </Field>
  )
}
