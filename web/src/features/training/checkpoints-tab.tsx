import { useQuery } from '@tanstack/react-query'
import { saveFile } from '@/api/media'
import { checkpointsQuery, type Checkpoint } from '@/api/job-results'
import type { Job } from '@/api/queries'
import { metricLabel, metricText } from '@/charts/metric-names'
import { formatBytes } from '@/i18n/format'
import { useT } from '@/i18n/i18n'
import { Badge } from '@/ui/badge'
import { Button, ButtonLink } from '@/ui/button'
import { Card } from '@/ui/card'
import { cx } from '@/ui/cx'
import { Row } from '@/ui/page'
import { RelativeTime } from '@/ui/relative-time'
import { EmptyState, Loaded } from '@/ui/states'
import { Table, Td, Th, Tr } from '@/ui/table'
import { toast } from '@/ui/toast'
import styles from './settings-tab.module.css'

export default function CheckpointsTab({ job }: { job: Job }) {
  const t = useT()
  const checkpoints = useQuery(checkpointsQuery(job.id))
  const metric = job.primary_metric ?? 'accuracy'
  const valueOf = (checkpoint: Checkpoint) =>
    metricText(metric, (checkpoint.metrics as Record<string, unknown> | null)?.[metric])
  return (
    <Card flush title={t('training.checkpoints')}>
      <Loaded query={checkpoints}>
        {(all) =>
          all.length === 0 ? (
            <EmptyState icon="disk" title={t('training.no_checkpoints')}>
              {t('training.no_checkpoints_text')}
            </EmptyState>
          ) : (
            <Table caption={t('training.checkpoints')}>
              <thead>
                <tr>
                  <Th>{t('training.file')}</Th>
                  <Th numeric className={styles.wide}>
                    Epoch
                  </Th>
                  <Th numeric>{metricLabel(metric)}</Th>
                  <Th numeric className={styles.wide}>
                    {t('training.size')}
                  </Th>
                  <Th className={styles.wide}>{t('training.saved')}</Th>
                  <Th>{t('common.actions')}</Th>
                </tr>
              </thead>
              <tbody>
                {all.map((checkpoint) => (
                  <Tr key={checkpoint.id}>
                    <Td className={styles.file}>
                      <Row>
                        {checkpoint.filename}
                        {checkpoint.is_best && (
                          <Badge tone="good" mark="★">
                            {t('training.best')}
                          </Badge>
                        )}
                        {checkpoint.kind === 'latest' && (
                          <Badge tone="info">{t('training.latest')}</Badge>
                        )}
                      </Row>
                      <span className={styles.narrow}>
                        Epoch {checkpoint.epoch ?? '-'}, {formatBytes(checkpoint.size_bytes)}
                      </span>
                    </Td>
                    <Td numeric className={styles.wide}>
                      {checkpoint.epoch ?? '-'}
                    </Td>
                    <Td numeric>{valueOf(checkpoint)}</Td>
                    <Td numeric className={styles.wide}>
                      {formatBytes(checkpoint.size_bytes)}
                    </Td>
                    <Td className={cx(styles.file, styles.wide)}>
                      <RelativeTime time={checkpoint.created_at} />
                    </Td>
                    <Td>
                      <span className={styles.buttons}>
                        <Button
                          size="sm"
                          icon="download"
                          aria-label={t('training.download_of', { name: checkpoint.filename })}
                          onClick={() =>
                            void saveFile(checkpoint.download_url, checkpoint.filename).catch(() =>
                              toast.error(t('training.download_failed')),
                            )
                          }
                        >
                          <span className={styles.wide}>{t('common.download')}</span>
                        </Button>
                        <ButtonLink
                          size="sm"
                          icon="wand"
                          aria-label={t('training.predict')}
                          to={`/projects/${job.project_id}/inference?job=${job.id}&checkpoint=${checkpoint.id}`}
                        >
                          <span className={styles.wide}>{t('training.predict')}</span>
                        </ButtonLink>
                      </span>
                    </Td>
                  </Tr>
                ))}
              </tbody>
            </Table>
          )
        }
      </Loaded>
    </Card>
  )
}
