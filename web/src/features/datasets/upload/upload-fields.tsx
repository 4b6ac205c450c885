import { useT } from '@/i18n/i18n'
import { Field } from '@/ui/field'
import { Input, Textarea } from '@/ui/input'
import { Select } from '@/ui/select'
import { VisibilityField } from '../visibility-field'
import { formats, type Format } from './plan'
import type { Draft } from './remembered'
import styles from './upload-panel.module.css'

type Props = {
  draft: Draft
  /** the format that the files look like */
  seen: Format | null
  nameError?: string
  /** an upload that goes on is as it was begun */
  disabled: boolean
  onChange: (part: Partial<Draft>) => void
}

/** What an uploaded data set is called and how it is read. */
export function UploadFields({ draft, seen, nameError, disabled, onChange }: Props) {
  const t = useT()
  return (
    <div className={styles.fields}>
      <Field label={t('common.name')} error={nameError} required>
        <Input
          maxLength={200}
          placeholder={t('datasets.name_example')}
          value={draft.name}
          disabled={disabled}
          onChange={(event) => onChange({ name: event.target.value })}
        />
      </Field>
      <VisibilityField
        value={draft.visibility}
        disabled={disabled}
        onChange={(visibility) => onChange({ visibility })}
      />
      <Field
        label={t('datasets.format')}
        hint={
          seen && seen !== draft.format
            ? t('datasets.format_seen', { format: t(`datasets.format_names.${seen}`) })
            : undefined
        }
      >
        <Select
          value={draft.format}
          disabled={disabled}
          onChange={(format) => onChange({ format: format as Format })}
          options={formats.map((value) => ({ value, label: t(`datasets.formats.${value}`) }))}
        />
      </Field>
      <Field
        label={t('common.description')}
        optional={t('common.optional')}
        className={styles.whole}
      >
        <Textarea
          rows={2}
          value={draft.description}
          disabled={disabled}
          onChange={(event) => onChange({ description: event.target.value })}
        />
      </Field>
    </div>
  )
}
