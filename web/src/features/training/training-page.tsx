import { useQuery } from '@tanstack/react-query'
import { lazy } from 'react'
import { Link, useParams } from 'react-router-dom'
import { jobName, jobTags } from '@/api/jobs'
import { checkpointsQuery } from '@/api/job-results'
import { datasetQuery, jobQuery, projectQuery, useMe, type Job } from '@/api/queries'
import { mayInProject } from '@/api/roles'
import { tMaybe, useT, withWords } from '@/i18n/i18n'
import { Chip } from '@/ui/badge'
import { fetched } from '@/ui/fetched'
import { whenUsed } from '@/ui/lazy-when-used'
import { Page, Row, Stack } from '@/ui/page'
import { RelativeTime } from '@/ui/relative-time'
import { Loaded } from '@/ui/states'
import { StatusBadge } from '@/ui/status-badge'
import { Tabs } from '@/ui/tabs'
import { useSearchPatch } from '@/ui/use-search-patch'
import { JobButtons } from './job-buttons'
import { JobBanners } from './job-banners'
import { MetricsPanel } from './metrics-panel'
import { ProgressCard } from './progress-card'
import { useLiveSeries } from './use-live-series'
import styles from './training-page.module.css'

const CheckpointsTab = lazy(whenUsed(() => import('./checkpoints-tab')))
const LogConsole = lazy(whenUsed(() => import('./log-console')))
const ValidationTab = lazy(whenUsed(() => import('./validation-tab')))
// With it the writer of YAML.
const SettingsTab = lazy(fetched(withWords(() => import('./settings-tab'), 'training', 'wizard')))

const tabs = ['overview', 'validation', 'checkpoints', 'log', 'settings'] as const
type TabName = (typeof tabs)[number]

export default function TrainingPage() {
  const t = useT()
  const id = Number(useParams().jobId)
  const job = useQuery(jobQuery(id))
  useLiveSeries(id)
  if (job.data) return <JobPage key={id} job={job.data} />
  return (
    <Page title={t('shell.training')}>
      <Loaded query={job}>{() => null}</Loaded>
    </Page>
  )
}

function JobPage({ job }: { job: Job }) {
  const t = useT()
  const me = useMe()
  const [search, patch] = useSearchPatch()
  const project = useQuery(projectQuery(job.project_id))
  const checkpoints = useQuery(checkpointsQuery(job.id))
  const asked = search.get('tab') as TabName
  const tab = tabs.includes(asked) ? asked : 'overview'
  const choose = (next: string) => patch({ tab: next }, { replace: false })
  const title = jobName(job)
  return (
    <Page
      title={title}
      heading={
        <>
          {title} <StatusBadge status={job.status} />
        </>
      }
      crumbs={[
        { label: t('shell.projects'), to: '/' },
        {
          label: job.project_name ?? project.data?.name ?? t('shell.experiments'),
          to: `/projects/${job.project_id}`,
        },
      ]}
      actions={
        <JobButtons
          job={job}
          mayWork={mayInProject(project.data, 'work', me)}
          hasCheckpoint={Boolean(checkpoints.data?.length)}
        />
      }
    >
      <JobFacts job={job} />
      <JobBanners job={job} logsLink="?tab=log" isFull={tab === 'overview'} />
      <Tabs
        label={t('training.parts')}
        value={tab}
        onChange={choose}
        tabs={[
          {
            value: 'overview',
            label: t('training.overview'),
            content: (
              <Stack>
                {job.status === 'running' && <ProgressCard job={job} />}
                <MetricsPanel job={job} />
              </Stack>
            ),
          },
          {
            value: 'validation',
            label: t('training.validation'),
            content: <ValidationTab job={job} />,
          },
          {
            value: 'checkpoints',
            label: t('training.checkpoints'),
            count: checkpoints.data?.length || undefined,
            content: <CheckpointsTab job={job} />,
          },
          { value: 'log', label: t('training.log'), content: <LogConsole jobId={job.id} /> },
          {
            value: 'settings',
            label: t('training.settings'),
            content: <SettingsTab job={job} />,
          },
        ]}
      />
    </Page>
  )
}

/** Model, dataset, task and tags in a line. */
function JobFacts({ job }: { job: Job }) {
  const t = useT()
  const dataset = useQuery({
    ...datasetQuery(job.dataset_id ?? ''),
    enabled: Boolean(job.dataset_id),
  })
  const tags = jobTags(job)
  return (
    <Row gap={3}>
      <Chip>{job.model_name}</Chip>
      <Chip>{tMaybe(`experiments.tasks.${job.task_type}`) ?? job.task_type}</Chip>
      <span>
        {t('training.dataset')}:{' '}
        {job.dataset_id ? (
          <Link to={`/datasets/${job.dataset_id}`} className={styles.link}>
            {dataset.data?.name ?? job.dataset_id}
          </Link>
        ) : (
          job.dataset_path
        )}
        {job.num_classes ? ` (${t('training.classes', { count: job.num_classes })})` : ''}
      </span>
      <span>
        {t('training.created')}: <RelativeTime time={job.created_at} />
      </span>
      {tags.map((tag) => (
        <Chip key={tag}>{tag}</Chip>
      ))}
    </Row>
  )
}
