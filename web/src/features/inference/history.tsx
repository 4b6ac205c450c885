import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useT } from '@/i18n/i18n'
import { Card, CardGrid } from '@/ui/card'
import { RelativeTime } from '@/ui/relative-time'
import { EmptyState, Loaded } from '@/ui/states'
import { Pager } from '@/ui/table'
import { historyQuery, useForget } from './api'
import { ResultCard } from './result-card'
import styles from './inference.module.css'

type Props = { jobId: number; threshold: number; onThreshold: (threshold: number) => void }

/** What the job was asked before, by anybody of the project. */
export function History({ jobId, threshold, onThreshold }: Props) {
  const t = useT()
  const [page, setPage] = useState(1)
  const past = useQuery(historyQuery(jobId, page))
  const forget = useForget(jobId)
  return (
    <Card title={t('inference.history')}>
      <Loaded query={past}>
        {({ rows, total, pageSize }) =>
          rows.length ? (
            <>
              <CardGrid min="15rem">
                {rows.map((row) => (
                  <div key={row.id} className={styles.past}>
                    <ResultCard
                      name={row.image_name ?? `#${row.id}`}
                      image={row.image_url}
                      state="done"
                      answer={{
                        ...row,
                        inference_time_ms: row.inference_time_ms ?? null,
                      }}
                      threshold={threshold}
                      onThreshold={onThreshold}
                      removeLabel={t('inference.forget', { name: row.image_name ?? `#${row.id}` })}
                      onRemove={() => forget.mutate(row.id)}
                    />
                    <span className={styles.when}>
                      <RelativeTime time={row.created_at} />
                    </span>
                  </div>
                ))}
              </CardGrid>
              {total > pageSize && (
                <Pager page={page} pageSize={pageSize} total={total} onPage={setPage} />
              )}
            </>
          ) : (
            <EmptyState icon="clock" title={t('inference.no_history')} />
          )
        }
      </Loaded>
    </Card>
  )
}
