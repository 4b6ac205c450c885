import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useT } from '@/i18n/i18n'
import { Card, CardGrid } from '@/ui/card'
import { ConfirmDialog } from '@/ui/dialog'
import { RelativeTime } from '@/ui/relative-time'
import { EmptyState, Loaded } from '@/ui/states'
import { Pager } from '@/ui/table'
import { usePageWithin } from '@/ui/use-page-within'
import { HISTORY_PAGE, historyQuery, useForget, type Past } from './api'
import { ResultCard } from './result-card'
import styles from './inference.module.css'

type Props = {
  jobId: number
  /** takes away what all of the project see */
  mayForget: boolean
  threshold: number
  onThreshold: (threshold: number) => void
}

const nameOf = (row: Past) => row.image_name ?? `#${row.id}`

/** What the job was asked before, by anybody of the project. */
export function History({ jobId, mayForget, threshold, onThreshold }: Props) {
  const t = useT()
  const [page, setPage] = useState(1)
  const past = useQuery(historyQuery(jobId, page))
  const forget = useForget(jobId)
  const [asked, setAsked] = useState<Past | null>(null)
  usePageWithin(past, HISTORY_PAGE, setPage)
  const close = () => {
    setAsked(null)
    forget.reset()
  }
  return (
    <Card title={t('inference.history')}>
      <Loaded query={past}>
        {({ rows, total }) =>
          rows.length || total ? (
            <>
              <CardGrid min="15rem">
                {rows.map((row) => (
                  <div key={row.id} className={styles.past}>
                    <ResultCard
                      name={nameOf(row)}
                      image={row.image_url}
                      state="done"
                      answer={{
                        ...row,
                        inference_time_ms: row.inference_time_ms ?? null,
                      }}
                      threshold={threshold}
                      onThreshold={onThreshold}
                      removeLabel={t('inference.forget', { name: nameOf(row) })}
                      onRemove={mayForget ? () => setAsked(row) : undefined}
                    />
                    <span className={styles.when}>
                      <RelativeTime time={row.created_at} />
                    </span>
                  </div>
                ))}
              </CardGrid>
              {total > HISTORY_PAGE && (
                <Pager page={page} pageSize={HISTORY_PAGE} total={total} onPage={setPage} />
              )}
            </>
          ) : (
            <EmptyState icon="clock" title={t('inference.no_history')} />
          )
        }
      </Loaded>
      {asked && (
        <ConfirmDialog
          onClose={close}
          title={t('inference.forget_title')}
          action={t('common.delete')}
          danger
          running={forget}
          onConfirm={() => forget.mutate(asked.id, { onSuccess: close })}
        >
          <p>{t('inference.forget_text', { name: nameOf(asked) })}</p>
        </ConfirmDialog>
      )}
    </Card>
  )
}
