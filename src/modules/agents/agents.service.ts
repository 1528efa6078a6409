import type { Clock } from '../../platform/clock.ts'
import type { Logger } from '../../platform/log.ts'
import type { ParleyDatabase } from '../../schema.ts'
import { type AccountService, createAccountService } from './accounts.service.ts'
import { createSetStatus } from './agent-status.ts'
import type { AgentHooks, SetStatus } from './agents.types.ts'
import { ensureFirstAdmin, type FirstAdmin, type FirstAdminWish } from './first-admin.ts'
import { createPresenceService, type PresenceService } from './presence.service.ts'
import { createSessionService, type SessionService } from './sessions.service.ts'
import { createTokenService, type TokenService } from './tokens.service.ts'

export interface AgentServiceOptions {
  database: ParleyDatabase
  clock: Clock
  log: Logger
  hooks: AgentHooks
}

/** All that the module does. */
export interface AgentService extends AccountService, SessionService, TokenService, PresenceService {
  /** Within the caller's transaction. @throws AppError 404 NOT_FOUND, 409 AGENT_DISABLED */
  setStatus: SetStatus
  /** Makes the first administrator when none is there; null when one is. */
  ensureFirstAdmin(wish: FirstAdminWish): Promise<FirstAdmin | null>
}

/** Agents, their sessions, API tokens, status and presence. */
export function createAgentService({ database, clock, log, hooks }: AgentServiceOptions): AgentService {
  const setStatus = createSetStatus(hooks)
  return {
    ...createAccountService({ database, hooks, setStatus }),
    ...createSessionService({ database, clock, hooks, setStatus }),
    ...createTokenService({ database, hooks }),
    ...createPresenceService({ database, clock, log, hooks, setStatus }),
    setStatus,
    ensureFirstAdmin: (wish) => ensureFirstAdmin(database, wish),
  }
}
