import { QueryClientProvider } from '@tanstack/react-query'
import { useEffect } from 'react'
import { RouterProvider } from 'react-router-dom'
import { onSignedOut } from '@/api/client'
import { onBack } from '@/api/connection'
import { keys } from '@/api/keys'
import { connectCache } from '@/api/live-cache'
import { queryClient } from '@/api/query'
import { hasEnded } from '@/api/session'
import { stream } from '@/api/stream'
import { Toaster } from '@/ui/toast'
import { Tooltips } from '@/ui/tooltip'
import { router } from './router'

/** What joins the parts: the socket feeds the cache, an ended session asks for the password. */
function useWiring() {
  useEffect(() => {
    const ends = [
      connectCache(stream, queryClient),
      onBack(() => stream.reconnect()),
      onSignedOut(() => {
        if (queryClient.getQueryData(keys.me)) hasEnded.set(true)
        else queryClient.setQueryData(keys.me, null)
      }),
    ]
    return () => ends.forEach((end) => end())
  }, [])
}

export function App() {
  useWiring()
  return (
    <QueryClientProvider client={queryClient}>
      <RouterProvider router={router} future={{ v7_startTransition: true }} />
      <Toaster />
      <Tooltips />
    </QueryClientProvider>
  )
}
