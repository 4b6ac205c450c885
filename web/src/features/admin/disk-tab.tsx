import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { Link } from 'react-router-dom'
import type { Schemas } from '@/api/client'
import { formatBytes } from '@/i18n/format'
import { useT } from '@/i18n/i18n'
import { Button } from '@/ui/button'
import { Card } from '@/ui/card'
import { Stack } from '@/ui/page'
import { EmptyState, Loaded } from '@/ui/states'
import { ActionsTh, Table, Td, Th, Tr } from '@/ui/table'
import styles from './admin-page.module.css'
import { diskQuery } from './api'
import { CleanUpDialog } from './clean-up-dialog'

type PlatformDisk = Schemas['PlatformDisk']
type ProjectSum = Schemas['ProjectDiskSum']

export function DiskTab() {
  const t = useT()
  const query = useQuery(diskQuery())
  const [cleaned, setCleaned] = useState<ProjectSum | null>(null)
  return (
    <Loaded query={query}>
      {(disk) => (
        <Stack>
          <Whole disk={disk} />
          <Card flush title={t('admin.disk.by_project')}>
            {disk.by_project.length ? (
              <Projects rows={disk.by_project} onCleanUp={setCleaned} />
            ) : (
              <EmptyState icon="disk" title={t('admin.disk.empty')} />
            )}
          </Card>
          {cleaned && <CleanUpDialog project={cleaned} onClose={() => setCleaned(null)} />}
        </Stack>
      )}
    </Loaded>
  )
}

const sum = (rows: readonly ProjectSum[], name: 'datasets_bytes' | 'outputs_bytes') =>
  rows.reduce((all, row) => all + row[name], 0)

/** What the platform takes of the disk, and what others do. */
function Whole({ disk }: { disk: PlatformDisk }) {
  const t = useT()
  const parts = [
    ['datasets', sum(disk.by_project, 'datasets_bytes'), 'var(--chart-1)'],
    ['outputs', sum(disk.by_project, 'outputs_bytes'), 'var(--chart-2)'],
    ['weights', disk.weights_bytes, 'var(--chart-3)'],
    ['database', disk.database_bytes, 'var(--chart-4)'],
    ['own_rest', disk.other_bytes, 'var(--chart-6)'],
  ] as const
  const own = parts.reduce((all, [, bytes]) => all + bytes, 0)
  const others = Math.max(0, disk.disk_total_bytes - disk.disk_free_bytes - own)
  const all = [...parts, ['others', others, 'var(--chart-8)'] as const]
  return (
    <Card title={t('admin.disk.whole')}>
      <Stack gap={3}>
        <p>
          {t('admin.system.free', {
            free: formatBytes(disk.disk_free_bytes),
            total: formatBytes(disk.disk_total_bytes),
          })}
        </p>
        <div className={styles.stacked} aria-hidden="true">
          {all
            .filter(([, bytes]) => bytes > 0)
            .map(([name, bytes, color]) => (
              <span key={name} style={{ flexGrow: bytes, background: color }} />
            ))}
          <span style={{ flexGrow: disk.disk_free_bytes }} />
        </div>
        <ul className={styles.legend}>
          {all.map(([name, bytes, color]) => (
            <li key={name}>
              <span style={{ background: color }} aria-hidden="true" />
              {t(`admin.disk.parts.${name}`)}: {formatBytes(bytes)}
            </li>
          ))}
        </ul>
      </Stack>
    </Card>
  )
}

function Projects({
  rows,
  onCleanUp,
}: {
  rows: readonly ProjectSum[]
  onCleanUp: (project: ProjectSum) => void
}) {
  const t = useT()
  const sorted = [...rows].sort((a, b) => b.total_bytes - a.total_bytes)
  return (
    <Table caption={t('admin.disk.by_project')}>
      <thead>
        <tr>
          <Th>{t('admin.disk.project')}</Th>
          <Th numeric>{t('admin.disk.parts.datasets')}</Th>
          <Th numeric>{t('admin.disk.parts.outputs')}</Th>
          <Th numeric>{t('admin.disk.checkpoints')}</Th>
          <Th numeric>{t('admin.disk.sum')}</Th>
          <ActionsTh />
        </tr>
      </thead>
      <tbody>
        {sorted.map((row) => (
          <Tr key={row.project_id}>
            <Td>
              <Link to={`/projects/${row.project_id}`}>{row.name}</Link>
            </Td>
            <Td numeric>{formatBytes(row.datasets_bytes)}</Td>
            <Td numeric>{formatBytes(row.outputs_bytes)}</Td>
            <Td numeric>{formatBytes(row.checkpoints_bytes)}</Td>
            <Td numeric>{formatBytes(row.total_bytes)}</Td>
            <Td numeric>
              <Button
                size="sm"
                icon="wand"
                disabled={!row.checkpoints_bytes}
                aria-label={t('admin.disk.clean_up_of', { name: row.name })}
                onClick={() => onCleanUp(row)}
              >
                {t('admin.disk.clean_up')}
              </Button>
            </Td>
          </Tr>
        ))}
      </tbody>
    </Table>
  )
}
