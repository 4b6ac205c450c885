import { useQuery } from '@tanstack/react-query'
import { lazy, useState } from 'react'
import { useNavigate, useParams, useSearchParams } from 'react-router-dom'
import { errorText } from '@/api/errors'
import { datasetQuery, projectQuery, useMe, type Dataset } from '@/api/queries'
import { mayInProject } from '@/api/roles'
import { useT } from '@/i18n/i18n'
import { Banner } from '@/ui/banner'
import { Button, ButtonLink, IconButton } from '@/ui/button'
import { whenUsed } from '@/ui/lazy-when-used'
import { Menu } from '@/ui/menu'
import { Page } from '@/ui/page'
import { Loaded } from '@/ui/states'
import { Tabs, type Tab } from '@/ui/tabs'
import { toast } from '@/ui/toast'
import { fixesQuery, useAnalyze, whileAnalyzing } from './api'
import { StatusMark } from './dataset-card'
import { DatasetFormDialog } from './dataset-form-dialog'
import { DeleteDatasetDialog } from './delete-dataset-dialog'
import { doctorWords } from './doctor-words'
import { OverviewTab } from './overview-tab'

const ImagesTab = lazy(whenUsed(() => import('./images-tab')))
const ProblemsTab = lazy(whenUsed(() => import('./problems-tab')))
const SplitTab = lazy(whenUsed(() => import('./split-tab')))

export default function DatasetPage() {
  const t = useT()
  const { datasetId = '' } = useParams()
  const query = useQuery({ ...datasetQuery(datasetId), ...whileAnalyzing })
  return (
    <Loaded
      query={query}
      loading={
        <Page title={t('shell.datasets')}>
          <></>
        </Page>
      }
    >
      {(dataset) => <Shown key={dataset.id} dataset={dataset} />}
    </Loaded>
  )
}

function Shown({ dataset }: { dataset: Dataset }) {
  const t = useT()
  const navigate = useNavigate()
  const me = useMe()
  const projectId = dataset.project_id
  const project = useQuery({ ...projectQuery(projectId ?? 0), enabled: projectId !== null })
  const analyze = useAnalyze(dataset.id)
  const [open, setOpen] = useState<'edit' | 'delete' | null>(null)
  const isMine = dataset.user_id === me?.id
  const mayWork = mayInProject(project.data, 'work', me) || (projectId === null && isMine)

  const analyzeAgain = () =>
    analyze.mutate(undefined, {
      onSuccess: () => toast.info(t('datasets.page.analyze_started')),
      onError: (error) => toast.error(errorText(error)),
    })
  const actions = mayWork && (
    <>
      {dataset.status === 'ready' && projectId !== null && (
        <ButtonLink
          to={`/projects/${projectId}/new?dataset=${dataset.id}`}
          variant="primary"
          icon="play"
        >
          {t('datasets.page.use')}
        </ButtonLink>
      )}
      <Button
        icon="refresh"
        busy={analyze.isPending || dataset.status === 'analyzing'}
        onClick={analyzeAgain}
      >
        {t('datasets.page.analyze')}
      </Button>
      <Menu
        trigger={<IconButton icon="more" variant="secondary" label={t('common.actions')} />}
        items={[
          { label: t('common.edit'), icon: 'edit', onSelect: () => setOpen('edit') },
          {
            label: t('common.delete'),
            icon: 'trash',
            danger: true,
            onSelect: () => setOpen('delete'),
          },
        ]}
      />
    </>
  )
  return (
    <Page
      title={dataset.name}
      heading={
        <>
          {dataset.name} <StatusMark dataset={dataset} />
        </>
      }
      description={dataset.description || undefined}
      crumbs={
        projectId !== null
          ? [
              { label: project.data?.name ?? '…', to: `/projects/${projectId}` },
              { label: t('shell.datasets'), to: `/projects/${projectId}/datasets` },
            ]
          : undefined
      }
      actions={actions}
    >
      {dataset.status === 'analyzing' && (
        <Banner tone="info">
          {doctorWords(dataset.status_reason) || t('datasets.page.analyzing')}
        </Banner>
      )}
      {dataset.status === 'not_ready' && (
        <Banner tone="danger" title={t('datasets.page.not_ready')}>
          {doctorWords(dataset.status_reason)}
        </Banner>
      )}
      <Parts dataset={dataset} mayWork={mayWork} />
      {open === 'edit' && <DatasetFormDialog dataset={dataset} onClose={() => setOpen(null)} />}
      {open === 'delete' && (
        <DeleteDatasetDialog
          dataset={dataset}
          onClose={() => setOpen(null)}
          onDeleted={() => navigate(projectId === null ? '/' : `/projects/${projectId}/datasets`)}
        />
      )}
    </Page>
  )
}

function Parts({ dataset, mayWork }: { dataset: Dataset; mayWork: boolean }) {
  const t = useT()
  const [search, setSearch] = useSearchParams()
  const fixes = useQuery(fixesQuery(dataset))
  const open = fixes.data?.fixes.filter((fix) => !fix.applied).length
  const tabs: Tab[] = [
    {
      value: 'overview',
      label: t('datasets.page.tabs.overview'),
      content: <OverviewTab dataset={dataset} />,
    },
    {
      value: 'images',
      label: t('datasets.page.tabs.images'),
      content: <ImagesTab dataset={dataset} mayWork={mayWork} />,
    },
    {
      value: 'problems',
      label: t('datasets.page.tabs.problems'),
      count: open || undefined,
      content: <ProblemsTab dataset={dataset} mayWork={mayWork} />,
    },
    {
      value: 'split',
      label: t('datasets.page.tabs.split'),
      content: <SplitTab dataset={dataset} mayWork={mayWork} />,
    },
  ]
  const value = tabs.find((tab) => tab.value === search.get('tab'))?.value ?? 'overview'
  return (
    <Tabs
      label={t('datasets.page.tabs_label')}
      value={value}
      onChange={(tab) => setSearch(tab === 'overview' ? {} : { tab })}
      tabs={tabs}
    />
  )
}
