import { lazy, Suspense, useState } from 'react'
import { useT } from '@/i18n/i18n'
import { Banner } from '@/ui/banner'
import { Button } from '@/ui/button'
import { fetched } from '@/ui/fetched'
import { Stack } from '@/ui/page'
import { LoadingRows } from '@/ui/states'
import { Segmented } from '@/ui/tabs'
import { ConfigForm, type ConfigProps } from './config-form'
import styles from './config.module.css'
import { draftSettings, modifiedNames } from './draft'
import { TextWaits } from './text-waits'

const ConfigSource = lazy(fetched(() => import('./config-source'))) // with it the reader of YAML

export type ConfigView = 'form' | 'yaml' | 'json'
type Props = ConfigProps & { view: ConfigView; onView: (view: ConfigView) => void }

export function ConfigStep({ view, onView, ...config }: Props) {
  const t = useT()
  const { draft, model, schema, onChange } = config
  const [resets, setResets] = useState(0)
  const modified = modifiedNames(draft, model, schema).length
  const wrong = draftSettings(draft, model, schema).problems.size
  return (
    <Stack>
      <div className={styles.bar}>
        <Segmented
          label={t('wizard.config.view')}
          value={view}
          onChange={onView}
          options={[
            { value: 'form', label: t('wizard.config.form') },
            { value: 'yaml', label: 'YAML' },
            { value: 'json', label: 'JSON' },
          ]}
        />
        <div className={styles.tools}>
          <span role="status">
            {modified > 0 && t('wizard.config.modified_count', { count: modified })}
          </span>
          <Button
            size="sm"
            icon="restart"
            disabled={!modified && !draft.text}
            onClick={() => {
              setResets(resets + 1)
              onChange({
                typed: {},
                epochs: undefined,
                batch_size: undefined,
                learning_rate: undefined,
                text: null,
              })
            }}
          >
            {t('wizard.config.reset_all')}
          </Button>
        </div>
      </div>
      {wrong > 0 && <Banner tone="danger">{t('wizard.config.fix', { count: wrong })}</Banner>}
      {draft.text?.format !== view && <TextWaits draft={draft} onChange={onChange} />}
      {view === 'form' ? (
        <ConfigForm {...config} />
      ) : (
        // Another format, and everything reset, begin with the text of what is.
        <Suspense fallback={<LoadingRows />}>
          <ConfigSource key={`${view} ${resets}`} format={view} {...config} />
        </Suspense>
      )}
    </Stack>
  )
}
