import { useQuery } from '@tanstack/react-query'
import { Bars } from '@/charts/bars'
import type { Dataset } from '@/api/queries'
import { formatBytes, formatDateTime, formatNumber } from '@/i18n/format'
import { tMaybe, useT } from '@/i18n/i18n'
import { Card, DescriptionList, Stat, StatRow } from '@/ui/card'
import { CopyButton } from '@/ui/copy-button'
import { Row, Stack } from '@/ui/page'
import { Loaded } from '@/ui/states'
import { reportQuery, splitQuery } from './api'
import { distributionOf } from './class-spark'
import { FilePicture } from './file-picture'
import { asReport, type Report } from './report'
import { Account, Warnings } from './report-parts'
import styles from './dataset-page.module.css'

const CLASSES_MOST = 200
const splits = ['train', 'val', 'test'] as const

export function OverviewTab({ dataset }: { dataset: Dataset }) {
  const t = useT()
  const query = useQuery(reportQuery(dataset))
  const split = useQuery(splitQuery(dataset))
  const classes = distributionOf(dataset.class_distribution)
  return (
    <Loaded query={query}>
      {({ files, report: raw }) => {
        const report = asReport(raw)
        const warnings = report?.quality_checks?.warnings ?? []
        return (
          <div className={styles.columns}>
            <Stack>
              <Card>
                <StatRow>
                  <Stat
                    label={t('datasets.report.used')}
                    value={formatNumber(dataset.num_images)}
                    hint={t('datasets.images', { count: dataset.num_images })}
                  />
                  {splits.map((name) => (
                    <Stat
                      key={name}
                      label={t(`datasets.grid.splits.${name}`)}
                      value={formatNumber(split.data?.splits[name])}
                    />
                  ))}
                </StatRow>
              </Card>
              <Account files={files} />
              {warnings.length > 0 && <Warnings warnings={warnings} />}
              {classes.length > 0 && (
                <Card title={t('datasets.distribution')}>
                  <Bars
                    label={t('datasets.distribution')}
                    bars={classes
                      .slice(0, CLASSES_MOST)
                      .map(([label, value]) => ({ label, value }))}
                  />
                  {classes.length > CLASSES_MOST && (
                    <p className={styles.hint}>
                      {t('datasets.more_classes', { count: classes.length - CLASSES_MOST })}
                    </p>
                  )}
                </Card>
              )}
            </Stack>
            <Stack>
              <Facts dataset={dataset} report={report} />
              <Previews dataset={dataset} report={report} />
            </Stack>
          </div>
        )
      }}
    </Loaded>
  )
}

function sizesOf(report: Report | null): Record<string, number> | null {
  const s = report?.statistics
  if (!s?.max_width || !s.max_height) return null
  return {
    min_width: s.min_width ?? 0,
    min_height: s.min_height ?? 0,
    max_width: s.max_width,
    max_height: s.max_height,
    width: s.median_width ?? 0,
    height: s.median_height ?? 0,
  }
}

const isOneSize = (sizes: NonNullable<ReturnType<typeof sizesOf>>) =>
  sizes.min_width === sizes.max_width && sizes.min_height === sizes.max_height

function Facts({ dataset, report }: { dataset: Dataset; report: Report | null }) {
  const t = useT()
  const sizes = sizesOf(report)
  const kinds = Object.entries(report?.statistics?.image_formats ?? {})
  return (
    <Card title={t('common.details')}>
      <DescriptionList
        items={[
          [
            t('datasets.format'),
            tMaybe(`datasets.format_names.${dataset.format}`) ?? dataset.format,
          ],
          [
            t('datasets.page.task'),
            dataset.task_type
              ? (tMaybe(`datasets.tasks.${dataset.task_type}`) ?? dataset.task_type)
              : '-',
          ],
          [
            t('datasets.visibility'),
            tMaybe(`datasets.visibilities.${dataset.visibility}`) ?? dataset.visibility,
          ],
          [t('datasets.page.size'), formatBytes(dataset.total_size_bytes)],
          ...(sizes
            ? [
                [
                  t('datasets.page.image_sizes'),
                  t(
                    isOneSize(sizes)
                      ? 'datasets.page.image_size_same'
                      : 'datasets.page.image_sizes_text',
                    sizes,
                  ),
                ] as const,
              ]
            : []),
          ...(kinds.length
            ? [
                [
                  t('datasets.page.image_kinds'),
                  kinds.map(([kind, count]) => `${kind} ${formatNumber(count)}`).join(', '),
                ] as const,
              ]
            : []),
          [t('datasets.page.created'), formatDateTime(dataset.created_at)],
          [
            t('datasets.page.id'),
            <Row key="id" gap={1}>
              <code className={styles.code}>{dataset.id}</code>
              <CopyButton text={dataset.id} />
            </Row>,
          ],
        ]}
      />
    </Card>
  )
}

function Previews({ dataset, report }: { dataset: Dataset; report: Report | null }) {
  const t = useT()
  const previews = report?.preview_images ?? []
  if (!previews.length) return null
  return (
    <Card title={t('datasets.page.previews')}>
      <ul className={styles.previews}>
        {previews.slice(0, 24).map((preview) => (
          <li key={preview.path}>
            <FilePicture datasetId={dataset.id} path={preview.path} size="100%" />
            <span title={preview.class}>{preview.class}</span>
          </li>
        ))}
      </ul>
    </Card>
  )
}
