import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import type { Job } from '@/api/queries'
import { CurveChart, type Curve } from '@/charts/curve'
import { Matrix } from '@/charts/matrix'
import { kindOf, sortMetrics } from '@/charts/metric-groups'
import { metricLabel, metricText } from '@/charts/metric-names'
import { formatNumber, formatPercent } from '@/i18n/format'
import { useT } from '@/i18n/i18n'
import { Button } from '@/ui/button'
import { Card, Stat, StatRow } from '@/ui/card'
import { Drawer } from '@/ui/dialog'
import { Columns, Stack } from '@/ui/page'
import { Select } from '@/ui/select'
import { EmptyState, Loaded } from '@/ui/states'
import { Segmented } from '@/ui/tabs'
import { useSearchPatch } from '@/ui/use-search-patch'
import { validationQuery, validationSummaryQuery, type ImageFilter, type Validation } from './api'
import { ClassTable } from './class-table'
import { areaBelow, classesToShow, countsOf, worstPairs } from './confusion'
import { ImageGallery } from './image-gallery'
import styles from './validation.module.css'

const MATRIX_MOST = 40
const PAIRS_MOST = 8
type Cell = { truth: number; predicted: number }

export default function ValidationTab({ job }: { job: Job }) {
  const t = useT()
  const [search, patch] = useSearchPatch()
  const summary = useQuery(validationSummaryQuery(job.id))
  return (
    <Loaded query={summary}>
      {(found) => {
        const epochs = (found.epoch_metrics as { epoch: number; primary_metric?: number | null }[])
          .slice()
          .sort((a, b) => b.epoch - a.epoch)
        if (!epochs.length)
          return (
            <EmptyState icon="target" title={t('training.no_validation')}>
              {t('training.no_validation_text')}
            </EmptyState>
          )
        const wanted = Number(search.get('epoch'))
        const epoch = epochs.some((e) => e.epoch === wanted)
          ? wanted
          : (found.best_epoch ?? epochs[0]!.epoch)
        const metric = found.best_metric_name ?? 'accuracy'
        const choose = (value: string) => patch({ epoch: value })
        return (
          <Stack>
            <div className={styles.chooser}>
              <span className={styles.chooserLabel}>Epoch</span>
              <Select
                fit
                label={t('training.choose_epoch')}
                value={String(epoch)}
                onChange={choose}
                options={epochs.map((e) => ({
                  value: String(e.epoch),
                  label: `${e.epoch}${e.epoch === found.best_epoch ? ' ★' : ''}`,
                  hint: `${metricLabel(metric)} ${metricText(metric, e.primary_metric)}`,
                }))}
              />
              {epoch === found.best_epoch ? (
                <span className={styles.best}>★ {t('training.best_epoch')}</span>
              ) : (
                found.best_epoch !== null && (
                  <Button size="sm" onClick={() => choose(String(found.best_epoch))}>
                    {t('training.show_best', { epoch: found.best_epoch })}
                  </Button>
                )
              )}
            </div>
            <EpochResult job={job} epoch={epoch} bestEpoch={found.best_epoch} />
          </Stack>
        )
      }}
    </Loaded>
  )
}

type ResultProps = { job: Job; epoch: number; bestEpoch: number | null }

function EpochResult({ job, epoch, bestEpoch }: ResultProps) {
  const t = useT()
  const query = useQuery(validationQuery(job.id, epoch))
  const [cell, setCell] = useState<Cell | null>(null)
  const [which, setWhich] = useState<'all' | 'right' | 'wrong'>('all')
  const filter: ImageFilter =
    which === 'all' ? {} : { is_correct: which === 'right' ? 'true' : 'false' }
  const missing = epoch !== bestEpoch && t('training.no_images_text')
  return (
    <Loaded query={query}>
      {(result) => {
        const classes = (result.class_names ?? []) as string[]
        const counts = countsOf(result.confusion_matrix)
        const names = result.confusion_labels ?? classes
        const nameOf = (id: number) => names[id] ?? t('training.background')
        return (
          <Stack>
            <MetricCards result={result} />
            <Columns min="26rem">
              {counts && (
                <Card title={t('training.confusion')}>
                  <Confusion counts={counts} nameOf={nameOf} cell={cell} onCell={setCell} />
                </Card>
              )}
              <Stack>
                {result.per_class_metrics && Object.keys(result.per_class_metrics).length > 0 && (
                  <Card flush title={t('training.per_class')}>
                    <ClassTable perClass={result.per_class_metrics} />
                  </Card>
                )}
                {result.pr_curves && Object.keys(result.pr_curves).length > 0 && (
                  <Card title={t('training.pr_curve')}>
                    <PrCurves curves={result.pr_curves} />
                  </Card>
                )}
              </Stack>
            </Columns>
            <Card
              title={t('training.images')}
              actions={
                <Segmented
                  label={t('training.which_images')}
                  value={which}
                  onChange={setWhich}
                  options={[
                    { value: 'all', label: t('common.all') },
                    { value: 'right', label: t('training.right') },
                    { value: 'wrong', label: t('training.wrong') },
                  ]}
                />
              }
            >
              <ImageGallery
                key={`${epoch} ${which}`}
                jobId={job.id}
                datasetId={job.dataset_id ?? null}
                epoch={epoch}
                filter={filter}
                height="min(40rem, 70vh)"
                missing={missing}
              />
            </Card>
            {cell && (
              <Drawer
                onClose={() => setCell(null)}
                size="lg"
                title={t('training.cell_title', {
                  truth: nameOf(cell.truth),
                  predicted: nameOf(cell.predicted),
                })}
                description={t('training.cell_count', {
                  count: counts?.[cell.truth]?.[cell.predicted] ?? 0,
                })}
              >
                <ImageGallery
                  jobId={job.id}
                  datasetId={job.dataset_id ?? null}
                  epoch={epoch}
                  filter={{ true_label_id: cell.truth, predicted_label_id: cell.predicted }}
                  height="calc(100vh - 9rem)"
                  missing={missing}
                />
              </Drawer>
            )}
          </Stack>
        )
      }}
    </Loaded>
  )
}

function MetricCards({ result }: { result: Validation }) {
  const t = useT()
  const primary = result.primary_metric_name ?? ''
  const metrics = (result.metrics ?? {}) as Record<string, unknown>
  const others = sortMetrics(
    Object.keys(metrics).filter((n) => n !== primary && typeof metrics[n] === 'number'),
  ).sort((a, b) => Number(kindOf(b) === 'share') - Number(kindOf(a) === 'share'))
  return (
    <Card>
      <StatRow>
        <Stat
          label={metricLabel(primary)}
          value={metricText(primary, result.primary_metric_value)}
          hint={t('training.primary')}
        />
        {others.map((name) => (
          <Stat key={name} label={metricLabel(name)} value={metricText(name, metrics[name])} />
        ))}
      </StatRow>
    </Card>
  )
}

type ConfusionProps = {
  counts: number[][]
  nameOf: (id: number) => string
  cell: Cell | null
  onCell: (cell: Cell) => void
}

function Confusion({ counts, nameOf, cell, onCell }: ConfusionProps) {
  const t = useT()
  const ids = classesToShow(counts, MATRIX_MOST)
  const place = (id: number) => ids.indexOf(id)
  const pairs = worstPairs(counts, PAIRS_MOST)
  return (
    <div className={styles.confusion}>
      {ids.length < counts.length && (
        <p className={styles.note}>
          {t('training.matrix_part', { shown: ids.length, total: counts.length })}
        </p>
      )}
      <Matrix
        label={t('training.confusion')}
        classes={ids.map(nameOf)}
        counts={ids.map((truth) => ids.map((predicted) => counts[truth]?.[predicted] ?? 0))}
        selected={cell && { truth: place(cell.truth), predicted: place(cell.predicted) }}
        onSelect={(truth, predicted) => onCell({ truth: ids[truth]!, predicted: ids[predicted]! })}
      />
      {pairs.length > 0 && (
        <div>
          <h3 className={styles.pairsTitle}>{t('training.worst_pairs')}</h3>
          <ul className={styles.pairs}>
            {pairs.map((pair) => (
              <li key={`${pair.truth} ${pair.predicted}`}>
                <button type="button" onClick={() => onCell(pair)}>
                  <span>
                    {nameOf(pair.truth)} → {nameOf(pair.predicted)}
                  </span>
                  <span className="tabular">
                    {pair.count} ({formatPercent(pair.share, 0)})
                  </span>
                </button>
              </li>
            ))}
          </ul>
        </div>
      )}
    </div>
  )
}

function PrCurves({ curves }: { curves: NonNullable<Validation['pr_curves']> }) {
  const t = useT()
  const each: Curve[] = Object.entries(curves).flatMap(([name, { precision, recall }]) =>
    precision?.length && recall?.length
      ? [
          {
            id: name,
            label: name,
            x: recall,
            y: precision,
            hint: formatNumber(areaBelow(recall, precision), 3),
          },
        ]
      : [],
  )
  const first = each[0]
  if (!first) return null
  const isSame = each.every((c) => c.x.length === first.x.length)
  const mean: Curve = {
    id: ' mean',
    label: t('training.mean'),
    x: first.x,
    y: first.x.map((_, i) => each.reduce((sum, c) => sum + (c.y[i] ?? 0), 0) / each.length),
  }
  const all = isSame && each.length > 1 ? [mean, ...each] : each
  return (
    <CurveChart
      label={t('training.pr_curve')}
      curves={all}
      xLabel={metricLabel('recall')}
      yLabel={metricLabel('precision')}
      strong={[all[0]!.id]}
    />
  )
}
