import { useQuery } from '@tanstack/react-query'
import { Link } from 'react-router-dom'
import type { Schemas } from '@/api/client'
import type { Job } from '@/api/queries'
import { formatBytes, formatDuration, formatNumber, formatPercent } from '@/i18n/format'
import { tMaybe, useT } from '@/i18n/i18n'
import { Badge } from '@/ui/badge'
import { Card, DescriptionList, Stat, StatRow } from '@/ui/card'
import { Columns, Stack } from '@/ui/page'
import { ProgressBar } from '@/ui/progress-bar'
import { EmptyState, Loaded } from '@/ui/states'
import { Table, Td, Th, Tr } from '@/ui/table'
import styles from './admin-page.module.css'
import { overviewQuery, systemQuery } from './api'

type System = Schemas['System']
type Overview = Schemas['Overview']

const FULL = 0.9 // from where a bar warns

export function SystemTab() {
  const system = useQuery(systemQuery())
  const overview = useQuery(overviewQuery())
  return (
    <Stack>
      <Loaded query={overview}>{(data) => <Counts overview={data} />}</Loaded>
      <Loaded query={system}>{(data) => <Machine system={data} />}</Loaded>
      <Loaded query={overview}>{(data) => <Engines jobs={data.engines} />}</Loaded>
    </Stack>
  )
}

function Counts({ overview }: { overview: Overview }) {
  const t = useT()
  const jobs = overview.jobs_by_status as unknown as Record<string, number>
  return (
    <Card>
      <StatRow>
        <Stat
          label={t('admin.counts.users')}
          value={formatNumber(overview.users.total)}
          hint={t('admin.counts.active', { count: overview.users.active })}
        />
        <Stat label={t('admin.counts.projects')} value={formatNumber(overview.projects)} />
        <Stat label={t('admin.counts.datasets')} value={formatNumber(overview.datasets)} />
        <Stat
          label={t('admin.counts.running')}
          value={formatNumber(jobs.running ?? 0)}
          hint={t('admin.counts.waiting', { count: jobs.pending ?? 0 })}
        />
        <Stat label={t('admin.counts.completed')} value={formatNumber(jobs.completed ?? 0)} />
        <Stat label={t('admin.counts.failed')} value={formatNumber(jobs.failed ?? 0)} />
      </StatRow>
    </Card>
  )
}

function Meter({
  name,
  used,
  words,
}: {
  name: string
  /** 0..1 */
  used: number | null
  words: string
}) {
  return (
    <div className={styles.meter}>
      <span className={styles.meterHead}>
        <strong>{name}</strong>
        <span>{words}</span>
      </span>
      <ProgressBar
        label={name}
        value={used}
        tone={used !== null && used > FULL ? 'warn' : 'accent'}
        showPercent
      />
    </div>
  )
}

const usedOf = (total: number | null, free: number | null) =>
  total && free !== null ? 1 - free / total : null

function Machine({ system }: { system: System }) {
  const t = useT()
  const { cpu, memory, disk } = system
  const bytes = (total: number | null, free: number | null) =>
    t('admin.system.free', { free: formatBytes(free), total: formatBytes(total) })
  return (
    <Columns min="24rem">
      <Card title={t('admin.system.machine')}>
        <Stack gap={3}>
          <Meter
            name={t('admin.system.cpu')}
            used={cpu.count ? Math.min(1, (cpu.load[0] ?? 0) / cpu.count) : null}
            words={t('admin.system.load', {
              load: cpu.load.map((load) => formatNumber(load, 2)).join(' / '),
              count: cpu.count,
            })}
          />
          <Meter
            name={t('admin.system.memory')}
            used={usedOf(memory.total_bytes, memory.available_bytes)}
            words={bytes(memory.total_bytes, memory.available_bytes)}
          />
          <Meter
            name={t('admin.system.disk')}
            used={usedOf(disk.total_bytes, disk.free_bytes)}
            words={bytes(disk.total_bytes, disk.free_bytes)}
          />
        </Stack>
      </Card>
      <Card title={t('admin.system.server')}>
        <DescriptionList
          items={[
            [t('admin.system.version'), system.version],
            [t('admin.system.uptime'), formatDuration(system.uptime_seconds)],
            [t('admin.system.processor'), cpu.model],
            [t('admin.system.own_memory'), formatBytes(system.resident_bytes)],
            [t('admin.system.engines'), formatNumber(system.running_engines)],
            [t('admin.system.sockets'), formatNumber(system.websockets)],
          ]}
        />
      </Card>
      <Card title={t('admin.system.services')} className={styles.whole} flush>
        <Services services={system.services} />
      </Card>
    </Columns>
  )
}

function Services({ services }: { services: System['services'] }) {
  const t = useT()
  return (
    <Table caption={t('admin.system.services')}>
      <thead>
        <tr>
          <Th>{t('admin.system.framework')}</Th>
          <Th>{t('admin.system.status')}</Th>
          <Th>{t('admin.system.device')}</Th>
        </tr>
      </thead>
      <tbody>
        {services.map(({ framework, status, device }) => (
          <Tr key={framework}>
            <Td>{framework}</Td>
            <Td>
              <Badge tone={status === 'healthy' ? 'good' : 'danger'}>
                {(status && tMaybe(`admin.system.states.${status}`)) ??
                  status ??
                  t('admin.system.states.unknown')}
              </Badge>
            </Td>
            <Td>{device ?? '-'}</Td>
          </Tr>
        ))}
      </tbody>
    </Table>
  )
}

function Engines({ jobs }: { jobs: readonly Job[] }) {
  const t = useT()
  return (
    <Card flush title={t('admin.engines.title')}>
      {jobs.length ? (
        <Table caption={t('admin.engines.title')} className={styles.wide}>
          <thead>
            <tr>
              <Th>{t('admin.engines.job')}</Th>
              <Th>{t('admin.engines.project')}</Th>
              <Th>{t('admin.engines.user')}</Th>
              <Th>{t('admin.engines.progress')}</Th>
              <Th numeric>{t('admin.engines.speed')}</Th>
              <Th numeric>{t('admin.engines.memory')}</Th>
              <Th numeric>{t('admin.engines.left')}</Th>
            </tr>
          </thead>
          <tbody>
            {jobs.map((job) => (
              <Tr key={job.id}>
                <Td>
                  <Link to={`/training/${job.id}`}>
                    {job.experiment_name || `${job.model_name} #${job.id}`}
                  </Link>
                </Td>
                <Td>{job.project_name}</Td>
                <Td>{job.user_email}</Td>
                <Td>
                  {t('admin.engines.epoch', {
                    epoch: job.current_epoch,
                    epochs: job.total_epochs,
                    percent: formatPercent(job.progress / 100, 0),
                  })}
                </Td>
                <Td numeric>{formatNumber(job.images_per_second, 1)}</Td>
                <Td numeric>{job.rss_mb ? formatBytes(job.rss_mb * 1e6) : '-'}</Td>
                <Td numeric>{formatDuration(job.eta_seconds)}</Td>
              </Tr>
            ))}
          </tbody>
        </Table>
      ) : (
        <EmptyState icon="cpu" title={t('admin.engines.empty')} />
      )}
    </Card>
  )
}
