import { useQuery } from '@tanstack/react-query'
import { Navigate, Outlet, useLocation } from 'react-router-dom'
import { meQuery } from '@/api/queries'
import { hasEnded } from '@/api/session'
import { useStore } from '@/api/store'
import { SessionDialog } from '@/features/auth/session-dialog'
import { ErrorState } from '@/ui/states'

/** Who is not logged in goes to the login, and comes back after it; whose session ends stays. */
export function RequireSession() {
  const me = useQuery(meQuery())
  const location = useLocation()
  const isOver = useStore(hasEnded)
  if (me.data)
    return (
      <>
        <Outlet />
        {isOver && <SessionDialog user={me.data} />}
      </>
    )
  if (me.data === null) {
    const search = new URLSearchParams()
    if (location.pathname !== '/') search.set('next', location.pathname + location.search)
    return <Navigate to={`/login?${search}`} replace />
  }
  if (me.error) return <ErrorState error={me.error} onRetry={() => void me.refetch()} />
  return null
}
