import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { jobName } from '@/api/jobs'
import { metricText } from '@/charts/metric-names'
import { useT } from '@/i18n/i18n'
import { Button } from '@/ui/button'
import { Checkbox } from '@/ui/checkbox'
import { Dialog } from '@/ui/dialog'
import { Input } from '@/ui/input'
import { EmptyState, Loaded } from '@/ui/states'
import { StatusBadge } from '@/ui/status-badge'
import { candidatesQuery, RUNS_MOST } from './api'
import styles from './compare.module.css'

type Props = {
  projectId: number
  chosen: readonly number[]
  onChange: (ids: number[]) => void
  onClose: () => void
}

/** Which experiments are compared. */
export function RunPicker({ projectId, chosen, onChange, onClose }: Props) {
  const t = useT()
  const [search, setSearch] = useState('')
  const found = useQuery(candidatesQuery(projectId, search.trim()))
  const toggle = (id: number, on: boolean) =>
    onChange(on ? [...chosen, id] : chosen.filter((other) => other !== id))
  return (
    <Dialog
      onClose={onClose}
      title={t('compare.choose')}
      description={t('compare.choose_text', { most: RUNS_MOST })}
      footer={
        <Button variant="primary" onClick={onClose}>
          {t('compare.done', { count: chosen.length })}
        </Button>
      }
    >
      <Input
        icon="search"
        type="search"
        autoFocus
        aria-label={t('compare.search')}
        placeholder={t('compare.search')}
        value={search}
        onChange={(event) => setSearch(event.target.value)}
      />
      <Loaded query={found}>
        {({ rows }) =>
          rows.length ? (
            <ul className={styles.candidates}>
              {rows.map((job) => (
                <li key={job.id}>
                  <Checkbox
                    checked={chosen.includes(job.id)}
                    disabled={!chosen.includes(job.id) && chosen.length >= RUNS_MOST}
                    onChange={(on) => toggle(job.id, on)}
                  >
                    {jobName(job)}
                  </Checkbox>
                  <span className={styles.candidate}>
                    <span className="tabular">{metricText('accuracy', job.accuracy)}</span>
                    <StatusBadge status={job.status} />
                  </span>
                </li>
              ))}
            </ul>
          ) : (
            <EmptyState icon="search" title={t('compare.none_found')} />
          )
        }
      </Loaded>
    </Dialog>
  )
}
