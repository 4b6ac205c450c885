import { useState } from 'react'
import { metricLabel } from '@/charts/metric-names'
import { formatMetric, formatNumber, formatPercent } from '@/i18n/format'
import { useLocale, useT } from '@/i18n/i18n'
import { Input } from '@/ui/input'
import { Pager, Table, Td, Th, Tr } from '@/ui/table'
import styles from './validation.module.css'

type Row = { name: string; values: Record<string, number | null> }
type Sort = { by: string; order: 'asc' | 'desc' }

const NAME = 'name'
const COUNTS = new Set(['support', 'count'])
const PAGE = 50
const SEARCH_FROM = 15

function rowsOf(perClass: Record<string, unknown>): Row[] {
  return Object.entries(perClass).flatMap(([name, values]) => {
    if (typeof values !== 'object' || values === null) return []
    const numbers = Object.entries(values).map(
      ([key, v]) => [key, typeof v === 'number' ? v : null] as const,
    )
    return [{ name, values: Object.fromEntries(numbers) }]
  })
}

/** Columns as they come; unknown ones by their own name. */
export function ClassTable({ perClass }: { perClass: Record<string, unknown> }) {
  const t = useT()
  const locale = useLocale()
  const [sort, setSort] = useState<Sort>({ by: 'support', order: 'desc' })
  const [search, setSearch] = useState('')
  const [page, setPage] = useState(1)
  const all = rowsOf(perClass)
  const columns = [...new Set(all.flatMap((row) => Object.keys(row.values)))]
  const needle = search.trim().toLocaleLowerCase(locale)
  const sign = sort.order === 'asc' ? 1 : -1
  const rows = all
    .filter((row) => row.name.toLocaleLowerCase(locale).includes(needle))
    .sort((a, b) => {
      const byName = a.name.localeCompare(b.name, locale, { numeric: true })
      if (sort.by === NAME) return sign * byName
      // What is not known stands last in both orders.
      const [x, y] = [a.values[sort.by], b.values[sort.by]]
      if (x == null || y == null) return x === y ? byName : x == null ? 1 : -1
      return sign * (x - y) || byName
    })
  const head = (by: string) => ({
    sorted: sort.by === by && sort.order,
    onSort: () => {
      setSort({ by, order: sort.by === by && sort.order === 'desc' ? 'asc' : 'desc' })
      setPage(1)
    },
  })
  const write = (column: string, { values }: Row) => {
    if (COUNTS.has(column)) return formatNumber(values[column])
    // Of a class without any object a score says nothing.
    const value = values.support === 0 ? null : values[column]
    return value != null && value >= 0 && value <= 1 ? formatPercent(value) : formatMetric(value)
  }
  return (
    <>
      {all.length >= SEARCH_FROM && (
        <div className={styles.classSearch}>
          <Input
            icon="search"
            type="search"
            aria-label={t('training.class_search')}
            placeholder={t('training.class_search')}
            value={search}
            onChange={(event) => {
              setSearch(event.target.value)
              setPage(1)
            }}
          />
        </div>
      )}
      <Table caption={t('training.per_class')} maxHeight="36rem">
        <thead>
          <tr>
            <Th {...head(NAME)}>{t('training.class')}</Th>
            {columns.map((column) => (
              <Th key={column} numeric {...head(column)}>
                {metricLabel(column)}
              </Th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.slice((page - 1) * PAGE, page * PAGE).map((row) => (
            <Tr key={row.name}>
              <Td>{row.name}</Td>
              {columns.map((column) => (
                <Td key={column} numeric>
                  {write(column, row)}
                </Td>
              ))}
            </Tr>
          ))}
        </tbody>
      </Table>
      {rows.length > PAGE && (
        <Pager page={page} pageSize={PAGE} total={rows.length} onPage={setPage} />
      )}
    </>
  )
}
