import type { Agent, AgentStatus, Login, SessionPatch } from '../../contracts/agents.ts'
import type { Clock } from '../../platform/clock.ts'
import type { ParleyDatabase, ParleyWork } from '../../schema.ts'
import { agentErrors } from './agents.errors.ts'
import { findAgent, findLogin, lockAgent, updateAgent } from './agents.repo.ts'
import type { AgentField, AgentHooks, CurrentAgent, SetStatus, StatusCause } from './agents.types.ts'
import { AttemptLimiter, networkOf } from './attempt-limiter.ts'
import { verifyPassword } from './passwords.ts'
import { hashToken, newToken } from './secret-tokens.ts'
import {
  type CredentialRow,
  deleteSession,
  findBySession,
  findByToken,
  hasSession,
  insertSession,
  ownerOfSession,
  touchSession,
  touchToken,
} from './sessions.repo.ts'

/** A session ends this long after its last request. */
export const SESSION_IDLE_MS = 14 * 24 * 60 * 60 * 1000

/** How old the note of a session's or token's last use may get; newer ones are not worth a write. */
const TOUCH_MS = 60_000

const FAILURE_WINDOW_MS = 5 * 60 * 1000

/** Where a login comes from. */
export interface LoginOrigin {
  address: string
  /** The session token that the browser has already, if any: that session ends. */
  token: string | null
}

/** What a request shows to prove who makes it. */
export type Credential = { kind: 'session' | 'token'; text: string }

export interface SessionService {
  /**
   * Starts a session; an agent who had none starts inactive.
   * @throws AppError 401 INVALID_CREDENTIALS, 403 AGENT_DISABLED, 429 TOO_MANY_ATTEMPTS
   */
  logIn(login: Login, from: LoginOrigin): Promise<{ agent: Agent; token: string }>
  /** Ends the session; the agent whose last one it was becomes inactive at once. */
  logOut(current: CurrentAgent): Promise<void>
  /** Who this is, or null. `renewed` = the session now ends later than its cookie says. */
  authenticate(credential: Credential): Promise<{ agent: CurrentAgent; renewed: boolean } | null>
  /** @throws AppError 409 AGENT_DISABLED */
  changeOwnStatus(current: CurrentAgent, status: AgentStatus): Promise<Agent>
  /** Changes the agent's own settings. */
  changeOwnSettings(current: CurrentAgent, patch: SessionPatch): Promise<Agent>
}

export interface SessionServiceOptions {
  database: ParleyDatabase
  clock: Clock
  hooks: AgentHooks
  setStatus: SetStatus
}

/** Login, logout and what each request needs to know about who makes it. */
export function createSessionService(options: SessionServiceOptions): SessionService {
  const { database, clock, hooks } = options
  const throttle = createLoginThrottle(clock)

  return {
    async logIn(login, from) {
      const failed = throttle(login.email.trim(), from.address)
      const account = await findLogin(database.db, login.email.trim())
      if (!(await verifyPassword(account?.password_hash ?? null, login.password)) || !account) throw agentErrors.invalidCredentials()
      failed.forgive()
      if (account.disabled) throw agentErrors.loginDisabled()
      return database.transaction((work) => startSession(work, options, account, from.token))
    },

    async logOut(current) {
      await database.transaction(async (work) => {
        if (!(await lockAgent(work.trx, current.id))) return
        await endSession(work, options, current.id, current.sessionId, 'logout')
      })
    },

    async authenticate({ kind, text }) {
      const now = clock.now()
      const [row] =
        kind === 'session'
          ? await database.query<CredentialRow>('agent_by_session', findBySession, [hashToken(text), now])
          : await database.query<CredentialRow>('agent_by_token', findByToken, [hashToken(text)])
      if (!row) return null
      const renewed = now.getTime() - (row.seen_at?.getTime() ?? 0) > TOUCH_MS
      if (renewed && row.session_id) await touchSession(database.db, row.session_id, now, new Date(now.getTime() + SESSION_IDLE_MS))
      if (renewed && row.token_id) await touchToken(database.db, row.token_id, now)
      return { agent: toCurrentAgent(row), renewed }
    },

    async changeOwnStatus(current, status) {
      return database.transaction((work) => options.setStatus(work, current.id, status, 'agent'))
    },

    async changeOwnSettings(current, patch) {
      return database.transaction(async (work) => {
        const before = await lockAgent(work.trx, current.id)
        if (!before) throw agentErrors.agentNotFound()
        const changed = await saveOwnSettings(work, before, patch)
        const after = (await findAgent(work.trx, current.id)) ?? before
        if (changed.length > 0) await hooks.onAgentChanged(work, after, changed)
        return after
      })
    },
  }
}

/** Counts failed logins by account and by address. The account counts whether it exists or not, so that it tells nothing. */
function createLoginThrottle(clock: Clock): (email: string, address: string) => { forgive(): void } {
  const byAccount = new AttemptLimiter({ max: 10, windowMs: FAILURE_WINDOW_MS }, clock)
  // Many agents of one office share an address.
  const byAddress = new AttemptLimiter({ max: 50, windowMs: FAILURE_WINDOW_MS }, clock)
  return (email, address) => {
    const account = email.toLowerCase()
    const network = networkOf(address)
    const waitMs = byAddress.take(network) || byAccount.take(account)
    if (waitMs > 0) throw agentErrors.tooManyLogins(Math.ceil(waitMs / 1000))
    return {
      forgive() {
        byAccount.clear(account)
        // Not cleared: an attacker could log in to an own account now and then.
        byAddress.giveBack(network)
      },
    }
  }
}

async function startSession(
  work: ParleyWork,
  options: SessionServiceOptions,
  account: { id: string; password_hash: string | null },
  replacedToken: string | null,
): Promise<{ agent: Agent; token: string }> {
  const agent = await lockAgent(work.trx, account.id)
  const login = agent && (await findLogin(work.trx, agent.email))
  // Changed while the password was checked.
  if (!agent || login?.password_hash !== account.password_hash) throw agentErrors.invalidCredentials()
  if (agent.disabled) throw agentErrors.loginDisabled()
  if (replacedToken) await endReplaced(work, options, replacedToken)
  const isFirst = !(await hasSession(work.trx, agent.id, work.now))
  const token = newToken()
  await insertSession(work.trx, agent.id, token.hash, work.now, new Date(work.now.getTime() + SESSION_IDLE_MS))
  // Product reference: "after the login the agent's status is Inactive".
  return { agent: isFirst ? await options.setStatus(work, agent.id, 'inactive', 'login') : agent, token: token.text }
}

/** A browser has one session: the login replaces the one it had, maybe another agent's. */
async function endReplaced(work: ParleyWork, options: SessionServiceOptions, token: string): Promise<void> {
  const replaced = await ownerOfSession(work.trx, hashToken(token))
  if (replaced) await endSession(work, options, replaced.agent_id, replaced.id, 'logout')
}

/** Ends a session (null: none) of an agent, who becomes inactive without any other. */
async function endSession(
  work: ParleyWork,
  options: SessionServiceOptions,
  agentId: string,
  sessionId: string | null,
  cause: StatusCause,
): Promise<void> {
  const ended = sessionId !== null && (await deleteSession(work.trx, sessionId))
  if (!(await hasSession(work.trx, agentId, work.now))) await options.setStatus(work, agentId, 'inactive', cause)
  if (ended) work.afterCommit(() => options.hooks.onSessionsEnded({ agentId, sessionIds: [sessionId], tokenIds: [] }))
}

async function saveOwnSettings(work: ParleyWork, before: Agent, patch: SessionPatch): Promise<AgentField[]> {
  const changed: AgentField[] = []
  if (patch.language !== undefined && patch.language !== before.language) {
    changed.push('language')
    await updateAgent(work.trx, before.id, { language: patch.language })
  }
  if (patch.notifications) {
    const notifications = { ...before.notifications, ...patch.notifications }
    if (notifications.sound !== before.notifications.sound || notifications.browser !== before.notifications.browser) {
      changed.push('notifications')
      await updateAgent(work.trx, before.id, { notifications: JSON.stringify(notifications) })
    }
  }
  return changed
}

function toCurrentAgent(row: CredentialRow): CurrentAgent {
  const { id, name, email, role, language } = row
  return { id, name, email, role, language, queueIds: row.queue_ids, sessionId: row.session_id, tokenId: row.token_id }
}
