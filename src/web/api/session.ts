import type { Agent, AgentEnvelope, AgentStatus, Login, SessionPatch } from '../../contracts/agents.ts'
import { ApiError, request } from './client.ts'

/** The agent who is logged in; null when nobody is. */
export async function fetchSession(signal?: AbortSignal): Promise<Agent | null> {
  try {
    return (await request<AgentEnvelope>('GET', '/api/session', signal ? { signal } : {})).agent
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return null
    throw error
  }
}

/** @throws ApiError 401 for a wrong email or password, 429 when throttled. */
export async function logIn(login: Login): Promise<Agent> {
  return (await request<AgentEnvelope>('POST', '/api/session', { body: login })).agent
}

/** Ends the session; the agent becomes inactive. */
export async function logOut(): Promise<void> {
  await request<void>('DELETE', '/api/session')
}

/** Active agents are offered new chats. */
export async function setStatus(status: AgentStatus): Promise<Agent> {
  return (await request<AgentEnvelope>('PUT', '/api/session/status', { body: { status } })).agent
}

/** Changes the agent's own language or notification settings. */
export async function patchSession(patch: SessionPatch): Promise<Agent> {
  return (await request<AgentEnvelope>('PATCH', '/api/session', { body: patch })).agent
}
