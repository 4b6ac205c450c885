import { useState } from 'react'
import { jobName } from '@/api/jobs'
import { settingText } from '@/api/job-settings'
import type { Job } from '@/api/queries'
import { useT } from '@/i18n/i18n'
import { Card } from '@/ui/card'
import { settingLabel } from '@/ui/setting-label'
import { EmptyState } from '@/ui/states'
import { Table, Td, Th, Tr } from '@/ui/table'
import { Segmented } from '@/ui/tabs'
import { RunMark } from './run-mark'
import type { SettingRow } from './comparison'
import styles from './compare.module.css'

/** Settings in rows, runs in columns; at first only where they differ. */
export function SettingsTable({
  jobs,
  rows,
}: {
  jobs: readonly Job[]
  rows: readonly SettingRow[]
}) {
  const t = useT()
  const [onlyDifferent, setOnlyDifferent] = useState(true)
  const shown = rows.filter((row) => !onlyDifferent || row.differs)
  return (
    <Card
      flush
      title={t('compare.settings')}
      actions={
        <Segmented
          label={t('compare.which_settings')}
          value={onlyDifferent ? 'different' : 'all'}
          onChange={(value) => setOnlyDifferent(value === 'different')}
          options={[
            { value: 'different', label: t('compare.only_different') },
            { value: 'all', label: t('common.all') },
          ]}
        />
      }
    >
      {shown.length ? (
        <Table caption={t('compare.settings')} maxHeight="40rem">
          <thead>
            <tr>
              <Th>{t('compare.setting')}</Th>
              {jobs.map((job, index) => (
                <Th key={job.id}>
                  <span className={styles.name}>
                    <RunMark index={index} />
                    {jobName(job)}
                  </span>
                </Th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => (
              <Tr key={row.name} selected={row.differs && !onlyDifferent}>
                <Td className={styles.setting}>
                  {settingLabel(row)} <code className={styles.at}>{row.name}</code>
                </Td>
                {row.values.map((value, run) => (
                  <Td key={run}>
                    <code>{settingText(value)}</code>
                  </Td>
                ))}
              </Tr>
            ))}
          </tbody>
        </Table>
      ) : (
        <EmptyState icon="check" title={t('compare.no_difference')} />
      )}
    </Card>
  )
}
