import type { Agent, AgentStatus, Role } from '../../contracts/agents.ts'
import type { ParleyWork } from '../../schema.ts'

/** Who makes a request. */
export interface CurrentAgent {
  id: string
  name: string
  email: string
  role: Role
  language: string
  /** The queues of the agent, those that every agent is in included. */
  queueIds: string[]
  /** Null when an API token was used. */
  sessionId: string | null
  /** Null when a session was used. */
  tokenId: string | null
}

/** Why an agent's status changed; kept with each period. */
export type StatusCause =
  | 'created'
  | 'agent'
  | 'supervisor'
  | 'login'
  | 'logout'
  | 'disconnected'
  | 'session_expired'
  | 'sessions_ended'
  | 'disabled'
  | 'deleted'

/** Field of an agent whose value is now another one; `queueIds` are explicit memberships. */
export type AgentField = 'name' | 'email' | 'role' | 'language' | 'queueIds' | 'maxChats' | 'disabled' | 'password' | 'notifications'

/** Sessions and API tokens that can no longer be used. */
export interface EndedSessions {
  agentId: string
  sessionIds: string[]
  tokenIds: string[]
}

/** What other parts of Parley do when agents change. */
export interface AgentHooks {
  /** In the transaction of the change; `agent` is already changed. */
  onStatusChanged(work: ParleyWork, agent: Agent, cause: StatusCause): void | Promise<void>
  /** In the transaction of the change; never for the status, and with at least one field. */
  onAgentChanged(work: ParleyWork, agent: Agent, changed: readonly AgentField[]): void | Promise<void>
  /** After the commit: connections that were opened with them must be closed. */
  onSessionsEnded(ended: EndedSessions): void | Promise<void>
}

/** Changes an agent's status within a transaction. */
export type SetStatus = (work: ParleyWork, agentId: string, status: AgentStatus, cause: StatusCause) => Promise<Agent>
