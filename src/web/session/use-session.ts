import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { createContext, useContext } from 'react'
import type { Agent, AgentStatus, Login, SessionPatch } from '../../contracts/agents.ts'
import { keys } from '../api/keys.ts'
import { fetchSession, logIn, logOut, patchSession, setStatus } from '../api/session.ts'

/** Who is logged in: undefined while unknown, null when nobody is. */
export function useSession() {
  return useQuery({
    queryKey: keys.session,
    queryFn: ({ signal }) => fetchSession(signal),
    staleTime: 5 * 60_000,
    // A page that could not reach the server goes on by itself as soon as it can.
    refetchInterval: (query) => (query.state.status === 'error' && query.state.data === undefined ? 5_000 : false),
  })
}

/**
 * The agent of the pages behind the login. A context and not the query itself: when a session ends, pages that are about
 * to go away must not see that there is no agent any more.
 */
export const AgentContext = createContext<Agent | null>(null)

/** The agent who is logged in. @throws Error on pages that need no login. */
export function useAgent(): Agent {
  const agent = useContext(AgentContext)
  if (!agent) throw new Error('useAgent is for pages behind the login only')
  return agent
}

/** Logs in; what an earlier agent left in the cache is dropped first. */
export function useLogIn() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (login: Login) => logIn(login),
    onSuccess: (agent) => {
      client.removeQueries({ predicate: (query) => query.queryKey[0] !== keys.session[0] })
      client.setQueryData<Agent | null>(keys.session, agent)
    },
  })
}

/** Logs out and forgets everything that was loaded. */
export function useLogOut() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: logOut,
    onSuccess: () => {
      client.setQueryData<Agent | null>(keys.session, null)
      client.removeQueries({ predicate: (query) => query.queryKey[0] !== keys.session[0] })
    },
  })
}

/** Active or inactive, shown at once and taken back when the server refuses. */
export function useSetStatus() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (status: AgentStatus) => setStatus(status),
    onMutate: (status) => {
      const before = client.getQueryData<Agent | null>(keys.session) ?? null
      const next: Agent | null = before && { ...before, status }
      client.setQueryData<Agent | null>(keys.session, next)
      return before
    },
    onError: (_error, _status, before) => {
      if (before) client.setQueryData<Agent | null>(keys.session, before)
    },
    onSuccess: (agent) => {
      client.setQueryData<Agent | null>(keys.session, agent)
      void client.invalidateQueries({ queryKey: keys.inbox })
    },
  })
}

/** Language and notification settings of the agent. */
export function usePatchSession() {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (patch: SessionPatch) => patchSession(patch),
    onSuccess: (agent) => client.setQueryData<Agent | null>(keys.session, agent),
  })
}
