import { useT } from '@/i18n/i18n'
import { Field } from '@/ui/field'
import { Select } from '@/ui/select'
import { givenRoles, type GivenRole } from './api'

type Props = { value: GivenRole; onChange: (role: GivenRole) => void }

export function RoleField({ value, onChange }: Props) {
  const t = useT()
  return (
    <Field label={t('members.columns.role')} hint={t(`members.role_hints.${value}`)}>
      <Select
        value={value}
        onChange={(role) => onChange(role as GivenRole)}
        options={givenRoles.map((role) => ({ value: role, label: t(`members.roles.${role}`) }))}
      />
    </Field>
  )
}
