/* query.ts - the cache of what the server said. */
import { QueryClient } from '@tanstack/react-query'
import { onBack } from './connection'
import { ApiError } from './errors'

const RETRIES = 2

/** Only what may go better a moment later; never what the server has decided. */
const isPassing = (error: unknown) =>
  error instanceof ApiError && [0, 502, 503, 504].includes(error.status)

export const queryClient = new QueryClient({
  defaultOptions: {
    queries: {
      networkMode: 'always', // the server may be this machine: being online says nothing
      staleTime: 15_000,
      refetchOnWindowFocus: true,
      retry: (count, error) => isPassing(error) && count < RETRIES,
      retryDelay: (count) => Math.min(1000 * 2 ** count, 8000),
    },
    mutations: { networkMode: 'always', retry: false },
  },
})

onBack(() => void queryClient.invalidateQueries())
