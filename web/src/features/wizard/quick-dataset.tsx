import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { datasetsQuery } from '@/api/queries'
import { useT } from '@/i18n/i18n'
import { Field } from '@/ui/field'
import { Input } from '@/ui/input'
import { Stack } from '@/ui/page'
import { Select } from '@/ui/select'
import { Segmented } from '@/ui/tabs'
import styles from './config.module.css'
import type { Draft } from './draft'

const formats = ['imagefolder', 'yolo', 'coco', 'dice']

type Props = {
  projectId: number
  draft: Draft
  error?: string
  onChange: (change: Partial<Draft>) => void
}

/** A data set of the project, or a path on the server. */
export function QuickDataset({ projectId, draft, error, onChange }: Props) {
  const t = useT()
  const datasets = useQuery(datasetsQuery(projectId))
  const [isPath, setIsPath] = useState(Boolean(draft.dataset_path))
  const all = datasets.data?.datasets ?? []
  return (
    <Stack gap={2}>
      <Segmented
        label={t('wizard.dataset.label')}
        value={isPath ? 'path' : 'dataset'}
        onChange={(way) => {
          setIsPath(way === 'path')
          onChange(way === 'path' ? { dataset_id: null } : { dataset_path: '' })
        }}
        options={[
          { value: 'dataset', label: t('wizard.dataset.of_project') },
          { value: 'path', label: t('wizard.dataset.by_path') },
        ]}
      />
      {isPath ? (
        <div className={styles.fields}>
          <Field
            label={t('wizard.dataset.path')}
            hint={t('wizard.dataset.path_hint')}
            error={error}
            required
          >
            <Input
              value={draft.dataset_path}
              onChange={(event) => onChange({ dataset_path: event.target.value })}
            />
          </Field>
          <Field label={t('wizard.dataset.format')}>
            <Select
              value={draft.dataset_format}
              onChange={(dataset_format) => onChange({ dataset_format })}
              options={formats.map((format) => ({ value: format, label: format }))}
            />
          </Field>
        </div>
      ) : (
        <Field
          label={t('wizard.dataset.label')}
          error={error}
          hint={datasets.data && !all.length ? t('wizard.dataset.none_text') : null}
          required
        >
          <Select
            value={draft.dataset_id ?? ''}
            placeholder={t('wizard.dataset.choose')}
            onChange={(id) =>
              onChange({
                dataset_id: id,
                dataset_format: all.find((d) => d.id === id)?.format ?? 'imagefolder',
              })
            }
            options={all.map((dataset) => ({
              value: dataset.id,
              label: dataset.name,
              hint: `${dataset.format} · ${t('wizard.dataset.images', { count: dataset.num_images })}`,
              disabled: dataset.status === 'not_ready',
            }))}
          />
        </Field>
      )}
    </Stack>
  )
}
