import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Dataset } from '@/api/queries'
import { formatBytes } from '@/i18n/format'
import { tMaybe, useT } from '@/i18n/i18n'
import { Badge } from '@/ui/badge'
import { Button } from '@/ui/button'
import { Card } from '@/ui/card'
import { Checkbox } from '@/ui/checkbox'
import { Failure } from '@/ui/form'
import { Row, Stack } from '@/ui/page'
import { EmptyState, Loaded } from '@/ui/states'
import { toast } from '@/ui/toast'
import { filesQuery, fixesQuery, reportQuery, useApplyFixes, type DatasetFix } from './api'
import styles from './dataset-page.module.css'
import { FilePicture } from './file-picture'
import { labelWords } from './label-words'
import { asReport } from './report'
import { Account, Warnings } from './report-parts'

const SHOWN_FIRST = 30

type Props = { dataset: Dataset; mayWork: boolean }

/** What the doctor found, what can be done about it, and what became of each file. */
export default function ProblemsTab({ dataset, mayWork }: Props) {
  const t = useT()
  const report = useQuery(reportQuery(dataset))
  const fixes = useQuery(fixesQuery(dataset))
  const warnings = asReport(report.data?.report)?.quality_checks?.warnings ?? []
  return (
    <Loaded query={fixes}>
      {({ fixes: all }) => {
        const proposed = all.filter((fix) => !fix.applied && fix.action !== 'look')
        const looks = all.filter((fix) => !fix.applied && fix.action === 'look')
        const applied = all.filter((fix) => fix.applied)
        const isGood = dataset.status === 'ready' && !warnings.length && !all.length
        return (
          <Stack>
            {isGood && (
              <EmptyState icon="success" title={t('datasets.report.good')}>
                {t('datasets.report.good_text')}
              </EmptyState>
            )}
            {proposed.length > 0 && (
              <Proposals dataset={dataset} fixes={proposed} mayWork={mayWork} />
            )}
            {looks.length > 0 && (
              <Card title={t('datasets.report.look')}>
                <p className={styles.hint}>{t('datasets.report.look_text')}</p>
                <FixList dataset={dataset} fixes={looks} />
              </Card>
            )}
            {warnings.length > 0 && <Warnings warnings={warnings} />}
            {report.data && <Account files={report.data.files} />}
            <Excluded dataset={dataset} />
            {applied.length > 0 && (
              <Card title={t('datasets.report.applied_list', { count: applied.length })}>
                <FixList dataset={dataset} fixes={applied} isGone />
              </Card>
            )}
          </Stack>
        )
      }}
    </Loaded>
  )
}

/** Files to take out and labels to mend, all of them chosen at first. */
function Proposals({ dataset, fixes, mayWork }: Props & { fixes: readonly DatasetFix[] }) {
  const t = useT()
  const apply = useApplyFixes(dataset.id)
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set())
  const chosen = fixes.filter(({ id }) => !left.has(id))
  const toggle = (id: string, isChosen: boolean) => {
    const next = new Set(left)
    if (isChosen) next.delete(id)
    else next.add(id)
    setLeft(next)
  }
  const run = () =>
    apply.mutate(
      chosen.map(({ id }) => id),
      {
        onSuccess: ({ applied }) => toast.success(t('datasets.report.applied', { count: applied })),
      },
    )
  return (
    <Card title={t('datasets.report.fixes')}>
      <Stack gap={2}>
        <p className={styles.hint}>{t('datasets.report.fixes_text')}</p>
        <Failure error={apply.error} />
        {mayWork && (
          <Row between>
            <Checkbox
              checked={
                chosen.length === fixes.length ? true : chosen.length ? 'indeterminate' : false
              }
              onChange={(isAll) => setLeft(new Set(isAll ? [] : fixes.map(({ id }) => id)))}
            >
              {t('datasets.report.choose_all')}
            </Checkbox>
            <Button
              variant="primary"
              icon="wand"
              disabled={!chosen.length || dataset.status === 'analyzing'}
              busy={apply.isPending}
              onClick={run}
            >
              {t('datasets.report.apply', { count: chosen.length })}
            </Button>
          </Row>
        )}
        <FixList
          dataset={dataset}
          fixes={fixes}
          isChosen={mayWork ? (id) => !left.has(id) : undefined}
          onToggle={toggle}
        />
      </Stack>
    </Card>
  )
}

/** A file, or a line of one. */
const placeOf = ({ path, line }: DatasetFix) => (line ? `${path}:${line}` : path)

type ListProps = {
  dataset: Dataset
  fixes: readonly DatasetFix[]
  isChosen?: (id: string) => boolean
  onToggle?: (id: string, isChosen: boolean) => void
  /** the files are in quarantine: there is no picture */
  isGone?: boolean
}

function FixList({ dataset, fixes, isChosen, onToggle, isGone }: ListProps) {
  const t = useT()
  const [shown, setShown] = useState(SHOWN_FIRST)
  return (
    <>
      <ul className={styles.fixes}>
        {fixes.slice(0, shown).map((fix) => (
          <li key={fix.id} className={styles.fix} data-plain={!isChosen || undefined}>
            {isChosen && (
              <Checkbox
                label={t('datasets.report.choose_one', { path: placeOf(fix) })}
                checked={isChosen(fix.id)}
                onChange={(next) => onToggle?.(fix.id, next)}
              />
            )}
            {isGone ? <span /> : <FilePicture datasetId={dataset.id} path={fix.path} />}
            <span className={styles.words}>
              <span>{labelWords(fix.reason)}</span>
              <span className={styles.path}>
                {placeOf(fix)}
                {fix.size > 0 && ` (${formatBytes(fix.size)})`}
              </span>
            </span>
            <span className={styles.kind}>
              <Badge tone={fix.action === 'remove' ? 'warn' : 'neutral'}>
                {tMaybe(`datasets.report.kinds.${fix.kind}`) ?? fix.kind}
              </Badge>
            </span>
          </li>
        ))}
      </ul>
      {fixes.length > shown && (
        <Button size="sm" onClick={() => setShown(shown + 10 * SHOWN_FIRST)}>
          {t('datasets.report.show_more', { count: fixes.length - shown })}
        </Button>
      )}
    </>
  )
}

function Excluded({ dataset }: { dataset: Dataset }) {
  const t = useT()
  const query = useInfiniteQuery(filesQuery(dataset, { state: 'excluded' }))
  const total = query.data?.pages[0]?.total ?? 0
  const files = query.data?.pages.flatMap((page) => page.images) ?? []
  if (!total) return null
  return (
    <Card title={`${t('datasets.report.excluded_files')} (${total})`}>
      <ul className={styles.fixes}>
        {files.map((file) => (
          <li key={file.filename} className={styles.fix} data-plain>
            <FilePicture datasetId={dataset.id} path={file.filename} />
            <span className={styles.words}>
              <span>{labelWords(file.reason)}</span>
              <span className={styles.path}>
                {file.filename} ({formatBytes(file.size)})
              </span>
            </span>
          </li>
        ))}
      </ul>
      {query.hasNextPage && (
        <Button
          size="sm"
          busy={query.isFetchingNextPage}
          onClick={() => void query.fetchNextPage()}
        >
          {t('datasets.report.show_more', { count: total - files.length })}
        </Button>
      )}
    </Card>
  )
}
