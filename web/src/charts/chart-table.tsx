import { memo, useState } from 'react'
import { formatMetric } from '@/i18n/format'
import { useT } from '@/i18n/i18n'
import { Pager, Table, Td, Th, Tr } from '@/ui/table'
import { align, known, type ChartSeries } from './series'

const PAGE = 20

type Props = {
  label: string
  series: readonly ChartSeries[]
  xLabel: string
  formatX?: (x: number) => string
}

/** The numbers of a chart, a page at a time.  The chart renders at every move of the cursor; this
 * does not. */
export const ChartTable = memo(function ChartTable({
  label,
  series,
  xLabel,
  formatX = String,
}: Props) {
  const t = useT()
  const [page, setPage] = useState(1)
  const [xs = [], ...columns] = align(series.map((s) => ({ x: s.x, columns: [s.y] })))
  const last = Math.max(1, Math.ceil(xs.length / PAGE))
  const shown = Math.min(page, last)
  const first = (shown - 1) * PAGE
  return (
    <div>
      <Table caption={t('charts.table_of', { label })}>
        <thead>
          <tr>
            <Th>{xLabel}</Th>
            {series.map((s) => (
              <Th key={s.id} numeric>
                {s.label}
              </Th>
            ))}
          </tr>
        </thead>
        <tbody>
          {xs.slice(first, first + PAGE).map((x, row) => (
            <Tr key={row}>
              <Td>{formatX(x ?? 0)}</Td>
              {series.map((s, i) => {
                const value = columns[i]?.[first + row]
                return (
                  <Td key={s.id} numeric>
                    {known(value) ? (s.format ?? formatMetric)(value) : '-'}
                  </Td>
                )
              })}
            </Tr>
          ))}
        </tbody>
      </Table>
      {xs.length > PAGE && (
        <Pager page={shown} pageSize={PAGE} total={xs.length} onPage={setPage} />
      )}
    </div>
  )
})
