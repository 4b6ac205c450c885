import { useCallback } from 'react'
import { useSearchParams } from 'react-router-dom'

/** The query of the address, and what changes parts of it; null removes one.  What was typed or chosen
 * in place makes no step for [back] unless replace is false. */
export function useSearchPatch() {
  const [search, setSearch] = useSearchParams()
  const patch = useCallback(
    (changes: Record<string, string | null>, { replace = true } = {}) =>
      setSearch(
        (now) => {
          const next = new URLSearchParams(now)
          for (const [name, value] of Object.entries(changes))
            if (value === null) next.delete(name)
            else next.set(name, value)
          return next
        },
        { replace },
      ),
    [setSearch],
  )
  return [search, patch] as const
}
