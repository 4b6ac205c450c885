import { useMe } from '@/api/queries'
import type { SystemRole } from '@/api/roles'
import { useT } from '@/i18n/i18n'
import { Field } from '@/ui/field'
import { Select } from '@/ui/select'
import { rolesToGive } from './roles'

type Props = { value: SystemRole; onChange: (role: SystemRole) => void }

/** The roles that the reader may give to others. */
export function RoleField({ value, onChange }: Props) {
  const t = useT()
  return (
    <Field label={t('profile.role')} hint={t(`admin.role_hints.${value}`)}>
      <Select
        value={value}
        onChange={(role) => onChange(role as SystemRole)}
        options={rolesToGive(useMe()).map((role) => ({
          value: role,
          label: t(`profile.roles.${role}`),
        }))}
      />
    </Field>
  )
}
