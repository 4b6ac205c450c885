import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useNavigate, useParams, useSearchParams } from 'react-router-dom'
import { datasetsQuery, projectQuery, useMe, type Dataset } from '@/api/queries'
import { mayInProject } from '@/api/roles'
import { useStore } from '@/api/store'
import { useLocale, useT } from '@/i18n/i18n'
import { Button, IconButton } from '@/ui/button'
import { Card, CardGrid } from '@/ui/card'
import { lazyWhenUsed } from '@/ui/lazy-when-used'
import { Page } from '@/ui/page'
import { SearchInput } from '@/ui/search-input'
import { EmptyState, Loaded, Skeleton } from '@/ui/states'
import { whileAnyAnalyzing } from './api'
import { DatasetCard } from './dataset-card'
import styles from './datasets-page.module.css'
import { rememberedUploads } from './upload/remembered'
import { uploads } from './upload/uploader'

const UploadPanel = lazyWhenUsed(() => import('./upload/upload-panel'))

const SEARCH_FROM = 7

export default function DatasetsPage() {
  const t = useT()
  const navigate = useNavigate()
  const projectId = Number(useParams().projectId)
  const project = useQuery(projectQuery(projectId))
  const datasets = useQuery({ ...datasetsQuery(projectId), ...whileAnyAnalyzing })
  const me = useMe()
  const isRunning = useStore(uploads).has(projectId)
  const isInterrupted = useStore(rememberedUploads).some((u) => u.projectId === projectId)
  const [isOpen, setOpen] = useState(false)
  const mayUpload = mayInProject(project.data, 'work', me)
  const showsPanel = mayUpload && (isOpen || isRunning || isInterrupted)

  const upload = (
    <Button variant="primary" icon="upload" onClick={() => setOpen(true)}>
      {t('datasets.new')}
    </Button>
  )
  return (
    <Page
      title={t('shell.datasets')}
      description={t('datasets.lead')}
      crumbs={
        project.data && [{ label: project.data.name ?? '', to: `/projects/${project.data.id}` }]
      }
      actions={mayUpload && !showsPanel && upload}
    >
      {showsPanel && (
        <Card
          title={t('datasets.upload_title')}
          actions={
            isOpen &&
            !isRunning && (
              <IconButton
                icon="close"
                size="sm"
                label={t('common.close')}
                onClick={() => setOpen(false)}
              />
            )
          }
        >
          <UploadPanel
            projectId={projectId}
            onDone={(dataset) => {
              setOpen(false)
              navigate(`/datasets/${dataset.id}`)
            }}
          />
        </Card>
      )}
      <Loaded query={datasets} loading={<LoadingCards />}>
        {({ datasets: all }) =>
          all.length ? (
            <Cards all={all} />
          ) : showsPanel ? null : (
            <EmptyState icon="images" title={t('datasets.empty')} action={mayUpload && upload}>
              {t(mayUpload ? 'datasets.empty_text' : 'datasets.empty_viewer')}
            </EmptyState>
          )
        }
      </Loaded>
    </Page>
  )
}

function Cards({ all }: { all: readonly Dataset[] }) {
  const t = useT()
  const locale = useLocale()
  const [search, setSearch] = useSearchParams()
  const wanted = search.get('q') ?? ''
  const needle = wanted.toLocaleLowerCase(locale)
  const found = all.filter((dataset) =>
    `${dataset.name} ${dataset.description ?? ''}`.toLocaleLowerCase(locale).includes(needle),
  )
  return (
    <>
      {all.length >= SEARCH_FROM && (
        <div className={styles.search}>
          <SearchInput
            label={t('datasets.search')}
            value={wanted}
            onChange={(q) => setSearch(q ? { q } : {}, { replace: true })}
          />
        </div>
      )}
      {found.length ? (
        <CardGrid min="18rem">
          {found.map((dataset) => (
            <DatasetCard key={dataset.id} dataset={dataset} />
          ))}
        </CardGrid>
      ) : (
        <EmptyState icon="search" title={t('datasets.none_found')} />
      )}
    </>
  )
}

function LoadingCards() {
  return (
    <CardGrid min="18rem">
      {Array.from({ length: 3 }, (_, index) => (
        <Skeleton key={index} height="10rem" />
      ))}
    </CardGrid>
  )
}
