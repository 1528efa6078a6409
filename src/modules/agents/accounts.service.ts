import type { Agent, AgentCreate, AgentPatch, AgentStatus } from '../../contracts/agents.ts'
import { sqlState } from '../../platform/db/database.ts'
import type { ParleyDatabase, ParleyWork } from '../../schema.ts'
import { audit } from '../settings/index.ts'
import { agentErrors } from './agents.errors.ts'
import {
  deleteAgent,
  findAgent,
  hasChats,
  hasOtherAdmin,
  insertAgent,
  listAgents,
  lockAdministrators,
  lockAgent,
  setQueues,
  updateAgent,
} from './agents.repo.ts'
import type { AgentField, AgentHooks, CurrentAgent, SetStatus } from './agents.types.ts'
import { type PageOf, type PageRequest, pageOf } from './pages.ts'
import { hashPassword } from './passwords.ts'
import { deleteSessionsOf, hasSession, tokenIdsOf } from './sessions.repo.ts'

export interface AccountService {
  listAgents(page: PageRequest): Promise<PageOf<Agent>>
  /** @throws AppError 404 NOT_FOUND */
  getAgent(id: string): Promise<Agent>
  /** Without a password the agent cannot log in until it gets one. @throws AppError 409 EMAIL_TAKEN, 400 for unknown queues */
  createAgent(actor: CurrentAgent, agent: AgentCreate): Promise<Agent>
  /**
   * Disabling an agent or giving it another password ends its sessions.
   * @throws AppError 404 NOT_FOUND, 409 EMAIL_TAKEN, LAST_ADMIN, 400 for unknown queues
   */
  changeAgent(actor: CurrentAgent, id: string, patch: AgentPatch): Promise<Agent>
  /** @throws AppError 404 NOT_FOUND, 409 AGENT_HAS_CHATS, LAST_ADMIN */
  deleteAgent(actor: CurrentAgent, id: string): Promise<void>
  /** A supervisor's change; recorded. @throws AppError 404 NOT_FOUND, 409 AGENT_DISABLED */
  setStatusOf(actor: CurrentAgent, id: string, status: AgentStatus): Promise<Agent>
}

export interface AccountServiceOptions {
  database: ParleyDatabase
  hooks: AgentHooks
  setStatus: SetStatus
}

/** Agents as administrators manage them. */
export function createAccountService(options: AccountServiceOptions): AccountService {
  const { database, setStatus } = options
  return {
    listAgents: (page) => pageOf(page, (limit, after) => listAgents(database.db, limit, after)),

    async getAgent(id) {
      return required(await findAgent(database.db, id))
    },

    async createAgent(actor, agent) {
      const passwordHash = agent.password === undefined ? null : await hashPassword(agent.password)
      return uniqueEmail(database.transaction((work) => create(work, options, actor, agent, passwordHash)))
    },

    async changeAgent(actor, id, patch) {
      const passwordHash = patch.password === undefined ? null : await hashPassword(patch.password)
      return uniqueEmail(database.transaction((work) => change(work, options, actor, id, patch, passwordHash)))
    },

    async deleteAgent(actor, id) {
      await database.transaction((work) => remove(work, options, actor, id))
    },

    async setStatusOf(actor, id, status) {
      return database.transaction(async (work) => {
        const before = required(await lockAgent(work.trx, id))
        const agent = await setStatus(work, id, status, 'supervisor')
        if (before.status !== status) await audit(work, actor.id, 'agent.status_changed', `agent:${id}`, { status })
        return agent
      })
    },
  }
}

async function create(
  work: ParleyWork,
  { hooks }: AccountServiceOptions,
  actor: CurrentAgent,
  agent: AgentCreate,
  passwordHash: string | null,
): Promise<Agent> {
  const { name, role = 'agent', language = 'en', maxChats = 0, disabled = false } = agent
  const email = agent.email.trim()
  const id = await insertAgent(work.trx, { name, email, passwordHash, role, language, maxChats, disabled }, work.now)
  const { unknown } = await setQueues(work.trx, id, agent.queueIds ?? [])
  if (unknown.length > 0) throw agentErrors.unknownQueues(unknown)
  await audit(work, actor.id, 'agent.created', `agent:${id}`, { name, email, role })
  const created = required(await findAgent(work.trx, id))
  await hooks.onAgentChanged(work, created, ['name', 'email', 'role', 'queueIds'])
  return created
}

async function change(
  work: ParleyWork,
  options: AccountServiceOptions,
  actor: CurrentAgent,
  id: string,
  patch: AgentPatch,
  passwordHash: string | null,
): Promise<Agent> {
  if (patch.role !== undefined || patch.disabled !== undefined) await lockAdministrators(work.trx)
  const before = required(await lockAgent(work.trx, id))
  const isAdmin = (patch.role ?? before.role) === 'admin' && !(patch.disabled ?? before.disabled)
  if (!isAdmin) await keepAnAdmin(work, before)

  const changed = await save(work, before, patch, passwordHash)
  if (changed.includes('disabled') && patch.disabled) await endSessions(work, options, before, null, 'disabled')
  else if (passwordHash !== null) await endSessions(work, options, before, actor.sessionId, 'password')

  const after = required(await findAgent(work.trx, id))
  if (changed.length > 0) {
    await audit(work, actor.id, 'agent.changed', `agent:${id}`, auditDetails(after, changed))
    await options.hooks.onAgentChanged(work, after, changed)
  }
  return after
}

/** Writes what differs and answers the names of those fields. */
async function save(work: ParleyWork, before: Agent, patch: AgentPatch, passwordHash: string | null): Promise<AgentField[]> {
  const { queueIds, password: _password, ...rest } = patch
  const fields = rest.email === undefined ? rest : { ...rest, email: rest.email.trim() }
  const changed = (Object.keys(fields) as (keyof typeof fields)[]).filter((field) => fields[field] !== before[field]) as AgentField[]
  const { maxChats, ...columns } = Object.fromEntries(
    Object.entries(fields).filter(([field]) => changed.includes(field as AgentField)),
  ) as typeof fields
  await updateAgent(work.trx, before.id, {
    ...columns,
    ...(maxChats === undefined ? {} : { max_chats: maxChats }),
    ...(passwordHash === null ? {} : { password_hash: passwordHash }),
  })
  if (passwordHash !== null) changed.push('password')
  if (queueIds) {
    const queues = await setQueues(work.trx, before.id, queueIds)
    if (queues.unknown.length > 0) throw agentErrors.unknownQueues(queues.unknown)
    if (queues.changed) changed.push('queueIds')
  }
  return changed
}

/** Ends all sessions but one; API tokens of a disabled agent count as ended too. An agent left without any is inactive. */
async function endSessions(
  work: ParleyWork,
  { hooks, setStatus }: AccountServiceOptions,
  agent: Agent,
  exceptId: string | null,
  why: 'disabled' | 'password',
): Promise<void> {
  const sessionIds = await deleteSessionsOf(work.trx, agent.id, exceptId)
  const tokenIds = why === 'disabled' ? await tokenIdsOf(work.trx, agent.id) : []
  const isGone = why === 'disabled' || (sessionIds.length > 0 && !(await hasSession(work.trx, agent.id, work.now)))
  if (isGone) await setStatus(work, agent.id, 'inactive', why === 'disabled' ? 'disabled' : 'sessions_ended')
  work.afterCommit(() => hooks.onSessionsEnded({ agentId: agent.id, sessionIds, tokenIds }))
}

async function remove(work: ParleyWork, { hooks, setStatus }: AccountServiceOptions, actor: CurrentAgent, id: string): Promise<void> {
  await lockAdministrators(work.trx)
  const agent = required(await lockAgent(work.trx, id))
  await keepAnAdmin(work, agent)
  if (await hasChats(work.trx, id)) throw agentErrors.hasChats()
  // Told like any agent who leaves, so that chats which only this agent was offered go to others.
  await setStatus(work, id, 'inactive', 'deleted')
  const sessionIds = await deleteSessionsOf(work.trx, id, null)
  const tokenIds = await tokenIdsOf(work.trx, id)
  await deleteAgent(work.trx, id).catch(refuseReferred)
  await audit(work, actor.id === id ? null : actor.id, 'agent.deleted', `agent:${id}`, { name: agent.name, email: agent.email })
  work.afterCommit(() => hooks.onSessionsEnded({ agentId: id, sessionIds, tokenIds }))
}

/** @throws AppError 409 LAST_ADMIN when this agent is the only one who can administer Parley */
async function keepAnAdmin(work: ParleyWork, agent: Agent): Promise<void> {
  if (agent.role !== 'admin' || agent.disabled) return
  if (!(await hasOtherAdmin(work.trx, agent.id))) throw agentErrors.lastAdmin()
}

function auditDetails(after: Agent, changed: readonly AgentField[]): Record<string, unknown> {
  return Object.fromEntries(changed.map((field) => [field, field === 'password' ? 'changed' : after[field]]))
}

function required(agent: Agent | undefined): Agent {
  if (!agent) throw agentErrors.agentNotFound()
  return agent
}

/** unique_violation: of the agents' columns only the email address is unique. */
async function uniqueEmail<T>(result: Promise<T>): Promise<T> {
  try {
    return await result
  } catch (error) {
    if (sqlState(error) === '23505') throw agentErrors.emailTaken()
    throw error
  }
}

/** foreign_key_violation: a chat came to this agent meanwhile. */
function refuseReferred(error: unknown): never {
  if (sqlState(error) === '23503') throw agentErrors.hasChats()
  throw error
}
