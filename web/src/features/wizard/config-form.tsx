import { useState } from 'react'
import { tMaybe, useT } from '@/i18n/i18n'
import { Card } from '@/ui/card'
import { Field } from '@/ui/field'
import { Row, Stack } from '@/ui/page'
import { Switch } from '@/ui/switch'
import type { ConfigSchema, Model } from './api'
import { ConfigField, problemText } from './config-field'
import {
  grouped,
  isSame,
  isVisible,
  type ConfigField as FieldSchema,
  type Value,
} from './config-values'
import styles from './config.module.css'
import { basicFields, draftSettings, modifiedNames, type BasicName, type Draft } from './draft'
import { PresetChoice } from './preset-choice'

export type ConfigProps = {
  draft: Draft
  model: Model | undefined
  schema: ConfigSchema
  /** what the server said about fields, by their names */
  refused: Readonly<Record<string, string>>
  onChange: (change: Partial<Draft>) => void
}

export function ConfigForm({ draft, model, schema, refused, onChange }: ConfigProps) {
  const t = useT()
  const settings = draftSettings(draft, model, schema)
  const { base, basics, values, problems } = settings
  const needsAdvanced = schema.fields.some(
    ({ name, advanced }) => advanced && (problems.has(name) || refused[name]),
  )
  const [isAdvanced, setAdvanced] = useState(false)
  const showsAdvanced = isAdvanced || needsAdvanced
  const modified = new Set(modifiedNames(draft, model, schema))

  const errorOf = (name: string) => {
    const problem = problems.get(name)
    return problem ? problemText(t, problem) : refused[name]
  }
  const type = (name: string, value: Value | undefined) => {
    const typed = { ...draft.typed }
    if (value === undefined || isSame(value, base[name])) delete typed[name]
    else typed[name] = value
    onChange({ typed })
  }
  const field = (schemaField: FieldSchema) => (
    <ConfigField
      key={schemaField.name}
      field={schemaField}
      value={values[schemaField.name]}
      isModified={modified.has(schemaField.name)}
      error={errorOf(schemaField.name)}
      onChange={(value) => type(schemaField.name, value)}
      onReset={() => type(schemaField.name, undefined)}
    />
  )
  return (
    <Stack>
      {Object.keys(schema.presets).length > 0 && (
        <PresetChoice
          names={Object.keys(schema.presets)}
          framework={model?.framework}
          value={draft.preset}
          onChange={(preset) => onChange({ preset })}
        />
      )}
      <Card title={t('wizard.config.basics')}>
        <div className={styles.fields}>
          {basicFields.map((basic) => {
            const name = basic.name as BasicName
            return (
              <ConfigField
                key={name}
                field={{ ...basic, label: t(`wizard.config.${name}`) }}
                value={basics[name]}
                isModified={modified.has(name)}
                error={errorOf(name)}
                onChange={(value) => onChange({ [name]: value })}
                onReset={() => onChange({ [name]: undefined })}
              />
            )
          })}
          <Field
            label={t('wizard.config.pretrained')}
            hint={
              model?.pretrained_installed === false ? t('wizard.config.pretrained_missing') : null
            }
          >
            <Switch
              checked={draft.pretrained}
              onChange={(pretrained) => onChange({ pretrained })}
              words={t(draft.pretrained ? 'wizard.config.on' : 'wizard.config.off')}
            />
          </Field>
        </div>
      </Card>
      <Row>
        <Switch
          checked={showsAdvanced}
          disabled={needsAdvanced}
          onChange={setAdvanced}
          words={t('wizard.config.advanced')}
        />
      </Row>
      {grouped(schema.fields).map(([group, fields]) => {
        const shown = fields.filter(
          (f) => isVisible(f, values) && (showsAdvanced || !f.advanced || modified.has(f.name)),
        )
        return shown.length ? (
          <Card key={group} title={tMaybe(`wizard.config.groups.${group}`) ?? group}>
            <div className={styles.fields}>{shown.map(field)}</div>
          </Card>
        ) : null
      })}
    </Stack>
  )
}
