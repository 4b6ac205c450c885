import { useQuery } from '@tanstack/react-query'
import { useRef } from 'react'
import { Navigate, Outlet, useLocation } from 'react-router-dom'
import { meQuery } from '@/api/queries'
import { ErrorState } from '@/ui/states'

/** Who is not logged in goes to the login, and comes back after it. */
export function RequireSession() {
  const me = useQuery(meQuery())
  const location = useLocation()
  const wasIn = useRef(false)
  if (me.data) {
    wasIn.current = true
    return <Outlet />
  }
  if (me.data === null) {
    const search = new URLSearchParams()
    if (location.pathname !== '/') search.set('next', location.pathname + location.search)
    if (wasIn.current && me.isFetchedAfterMount) search.set('expired', '')
    return <Navigate to={`/login?${search}`} replace />
  }
  if (me.error) return <ErrorState error={me.error} onRetry={() => void me.refetch()} />
  return null
}
