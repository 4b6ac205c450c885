import { useEffect } from 'react'

type Listed = {
  data?: { rows: readonly unknown[]; total: number }
  isPlaceholderData: boolean
}

/** The last page goes when its last row does: then the one before it is shown. */
export function usePageWithin(query: Listed, pageSize: number, onPage: (page: number) => void) {
  const { data, isPlaceholderData } = query
  const isBeyond = data && !isPlaceholderData && data.total > 0 && data.rows.length === 0
  useEffect(() => {
    if (isBeyond) onPage(Math.ceil(data.total / pageSize))
  })
}
