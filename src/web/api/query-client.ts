import { MutationCache, QueryCache, QueryClient } from '@tanstack/react-query'
import type { Agent } from '../../contracts/agents.ts'
import { ApiError, isPassing } from './client.ts'
import { keys } from './keys.ts'

/** The cache of everything the server said. A 401 anywhere means the session is over and shows the login page. */
export function createQueryClient(): QueryClient {
  const onError = (error: unknown) => {
    if (error instanceof ApiError && error.status === 401) {
      client.setQueryData<Agent | null>(keys.session, (agent) => (agent ? null : agent))
    }
  }
  const client = new QueryClient({
    queryCache: new QueryCache({ onError }),
    mutationCache: new MutationCache({ onError }),
    defaultOptions: {
      queries: {
        staleTime: 30_000,
        // The socket keeps data fresh and `hello` refetches after every loss of it.
        refetchOnReconnect: false,
        retry: (count, error) => isPassing(error) && count < 3,
        retryDelay: (attempt) => Math.min(8_000, 500 * 2 ** attempt),
      },
      mutations: { retry: false, networkMode: 'always' },
    },
  })
  return client
}
