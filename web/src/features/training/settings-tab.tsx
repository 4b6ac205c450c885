import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { configOf, rounded, settingsOf, settingText } from '@/api/job-settings'
import { configSchemaQuery } from '@/api/job-results'
import type { Job } from '@/api/queries'
import { toYaml } from '@/api/yaml'
import { tMaybe, useT } from '@/i18n/i18n'
import { Badge } from '@/ui/badge'
import { Card } from '@/ui/card'
import { CopyButton } from '@/ui/copy-button'
import { Stack } from '@/ui/page'
import { settingLabel, withBreaks } from '@/ui/setting-label'
import { Segmented } from '@/ui/tabs'
import { Table, Td, Th, Tr } from '@/ui/table'
import { HistoryCard } from './history-card'
import styles from './settings-tab.module.css'

type Form = 'table' | 'yaml' | 'json'

/** Every setting of the job, as a table or as what can be pasted into a new one. */
export default function SettingsTab({ job }: { job: Job }) {
  const t = useT()
  const [form, setForm] = useState<Form>('table')
  const [onlyGiven, setOnlyGiven] = useState(false)
  const schema = useQuery(configSchemaQuery(job.framework, job.task_type))
  const settings = settingsOf(job, schema.data).filter((s) => !onlyGiven || s.given)
  const groups = [...new Set(settings.map((s) => s.group))]
  const config = rounded(configOf(job))
  const text = form === 'json' ? JSON.stringify(config, null, 2) + '\n' : toYaml(config)
  return (
    <Stack>
      <HistoryCard job={job} />
      <Card
        flush
        title={t('training.settings')}
        actions={
          <>
            {form === 'table' && (
              <Segmented
                label={t('training.which_settings')}
                value={onlyGiven ? 'given' : 'all'}
                onChange={(value) => setOnlyGiven(value === 'given')}
                options={[
                  { value: 'all', label: t('common.all') },
                  { value: 'given', label: t('training.only_given') },
                ]}
              />
            )}
            <Segmented
              label={t('training.form')}
              value={form}
              onChange={setForm}
              options={[
                { value: 'table', label: t('training.as_table') },
                { value: 'yaml', label: 'YAML' },
                { value: 'json', label: 'JSON' },
              ]}
            />
            <CopyButton text={text} />
          </>
        }
      >
        {form !== 'table' ? (
          <pre className={styles.text} role="region" aria-label={form} tabIndex={0}>
            {text}
          </pre>
        ) : (
          <Table caption={t('training.settings')}>
            <thead>
              <tr>
                <Th>{t('training.setting')}</Th>
                <Th>{t('training.value')}</Th>
              </tr>
            </thead>
            {groups.map((group) => (
              <tbody key={group}>
                <tr>
                  <th scope="rowgroup" colSpan={2} className={styles.group}>
                    {tMaybe(`training.group.${group}`) ?? group}
                  </th>
                </tr>
                {settings
                  .filter((setting) => setting.group === group)
                  .map((setting) => (
                    <Tr key={setting.name}>
                      <Td title={setting.description}>
                        <span className={styles.label}>{settingLabel(setting)}</span>{' '}
                        <code className={styles.name}>{withBreaks(setting.name)}</code>
                      </Td>
                      <Td>
                        <code>{settingText(setting.value)}</code>{' '}
                        {setting.given && group !== 'main' && (
                          <Badge tone="accent">{t('training.given')}</Badge>
                        )}
                      </Td>
                    </Tr>
                  ))}
              </tbody>
            ))}
          </Table>
        )}
      </Card>
    </Stack>
  )
}
