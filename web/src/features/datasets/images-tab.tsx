import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Dataset } from '@/api/queries'
import { useT } from '@/i18n/i18n'
import { Button } from '@/ui/button'
import { Row, Stack } from '@/ui/page'
import { Select } from '@/ui/select'
import { EmptyState, Loaded } from '@/ui/states'
import { useSearchPatch } from '@/ui/use-search-patch'
import { VirtualGrid } from '@/ui/virtual'
import { FILES_PER_PAGE, filesPageQuery, type FileFilter } from './api'
import { distributionOf } from './class-spark'
import { FilePicture } from './file-picture'
import styles from './images-tab.module.css'
import { Lightbox } from './lightbox'

const ALL = '*' // a select has no empty value; no folder is named so
const CELL_HEIGHT = 146 // as in the style sheet
const splits = ['train', 'val', 'test'] as const
const states = ['used', 'excluded'] as const

type Props = { dataset: Dataset; mayWork: boolean }

export default function ImagesTab({ dataset, mayWork }: Props) {
  const t = useT()
  const [search, patch] = useSearchPatch()
  const [open, setOpen] = useState<number | null>(null)
  const filter: FileFilter = {
    class: search.get('class') ?? undefined,
    split: search.get('split') ?? undefined,
    state: search.get('state') ?? undefined,
  }
  const first = useQuery({
    ...filesPageQuery(dataset, filter, 0),
    placeholderData: keepPreviousData,
  })
  const choose = (name: keyof FileFilter) => (value: string) =>
    patch({ [name]: value === ALL ? null : value })
  const isFiltered = Boolean(filter.class || filter.split || filter.state)
  const clear = () => patch({ class: null, split: null, state: null })
  return (
    <Stack gap={3}>
      <Row>
        <Select
          fit
          label={t('datasets.grid.class')}
          value={filter.class ?? ALL}
          onChange={choose('class')}
          options={[
            { value: ALL, label: t('datasets.grid.all_classes') },
            ...distributionOf(dataset.class_distribution)
              .map(([name]) => name)
              .sort()
              .map((name) => ({ value: name, label: name })),
          ]}
        />
        <Select
          fit
          label={t('datasets.grid.split')}
          value={filter.split ?? ALL}
          onChange={choose('split')}
          options={[
            { value: ALL, label: t('datasets.grid.all_splits') },
            ...splits.map((value) => ({ value, label: t(`datasets.grid.splits.${value}`) })),
          ]}
        />
        <Select
          fit
          label={t('datasets.grid.state')}
          value={filter.state ?? ALL}
          onChange={choose('state')}
          options={[
            { value: ALL, label: t('datasets.grid.states.all') },
            ...states.map((value) => ({ value, label: t(`datasets.grid.states.${value}`) })),
          ]}
        />
        <span className={styles.count} role="status">
          {first.data ? t('datasets.grid.count', { count: first.data.total }) : ' '}
        </span>
      </Row>
      <Loaded query={first}>
        {({ total }) =>
          total ? (
            <VirtualGrid
              // another choice begins at its top
              key={JSON.stringify(filter)}
              count={total}
              cellWidth={104}
              cellHeight={CELL_HEIGHT}
              height="max(24rem, calc(100dvh - 19rem))"
              label={t('datasets.grid.label')}
            >
              {(index) => <Cell dataset={dataset} filter={filter} index={index} onOpen={setOpen} />}
            </VirtualGrid>
          ) : (
            <EmptyState
              icon="images"
              title={t(isFiltered ? 'datasets.grid.empty' : 'datasets.page.empty')}
              action={isFiltered && <Button onClick={clear}>{t('datasets.grid.clear')}</Button>}
            />
          )
        }
      </Loaded>
      {open !== null && first.data && (
        <Lightbox
          dataset={dataset}
          filter={filter}
          index={Math.min(open, first.data.total - 1)}
          total={first.data.total}
          mayWork={mayWork}
          onIndex={setOpen}
          onClose={() => setOpen(null)}
        />
      )}
    </Stack>
  )
}

type CellProps = {
  dataset: Dataset
  filter: FileFilter
  index: number
  onOpen: (index: number) => void
}

/** Its page is asked for when it comes into view, and forgotten when it leaves before it came. */
function Cell({ dataset, filter, index, onOpen }: CellProps) {
  const t = useT()
  const page = useQuery(filesPageQuery(dataset, filter, Math.floor(index / FILES_PER_PAGE)))
  const file = page.data?.images[index % FILES_PER_PAGE]
  if (!file) return <span className={styles.waiting} />
  const name = file.filename.split('/').at(-1)
  return (
    <button
      type="button"
      className={styles.cell}
      data-state={file.state}
      aria-label={t('datasets.grid.open_image', { path: file.filename })}
      title={file.filename}
      onClick={() => onOpen(index)}
    >
      <FilePicture key={file.filename} datasetId={dataset.id} path={file.filename} size="100%" />
      <span className={styles.name}>{file.class ?? name}</span>
      <span className={styles.hint}>
        {file.state === 'excluded'
          ? t('datasets.grid.states.excluded')
          : t(`datasets.grid.splits.${(file.split as 'train' | null) ?? 'none'}`)}
      </span>
    </button>
  )
}
