import type { Clock } from '../../platform/clock.ts'
import type { Logger } from '../../platform/log.ts'
import type { ParleyDatabase, ParleyWork } from '../../schema.ts'
import { lockAgent } from './agents.repo.ts'
import type { AgentHooks, SetStatus } from './agents.types.ts'
import {
  beat,
  deleteConnection,
  deleteDeadConnections,
  disconnectedSince,
  hasConnection,
  insertConnection,
  isDisconnectedSince,
  setDisconnected,
} from './presence.repo.ts'
import { agentsWithExpiredSessions, deleteExpiredSessions, hasSession } from './sessions.repo.ts'

/** A node that gave no sign for so long is dead; it should give one every 10 s. */
export const NODE_DEAD_MS = 30_000

export interface PresenceService {
  /** `connectionId` is a UUID. */
  connectionOpened(agentId: string, connectionId: string, nodeId: string): Promise<void>
  /** A connection that is not known does no harm. */
  connectionClosed(connectionId: string): Promise<void>
  /** The node and the connections opened through this service live; to be called every 10 s. */
  heartbeat(nodeId: string): Promise<void>
  /**
   * Makes those inactive whose last connection has been lost for `graceMs`, whose node died, or whose last session
   * expired. Agents who never connected (programs with an API token) are left alone. Any node may call it, several may
   * at once.
   */
  sweepPresence(now: Date, graceMs: number): Promise<void>
}

export interface PresenceServiceOptions {
  database: ParleyDatabase
  clock: Clock
  log: Logger
  hooks: AgentHooks
  setStatus: SetStatus
}

/** Keeps who is really there, from the realtime connections of all nodes. */
export function createPresenceService(options: PresenceServiceOptions): PresenceService {
  const { database, clock, log } = options
  const startedAt = clock.now().getTime()
  /** The connections of this process by id. */
  const open = new Map<string, { agentId: string; nodeId: string }>()

  /** One agent's trouble must not keep the others' rows from being swept. */
  async function each(agentIds: readonly string[], sweep: (work: ParleyWork, agentId: string) => Promise<void>): Promise<void> {
    for (const agentId of agentIds) {
      try {
        await database.transaction((work) => sweep(work, agentId))
      } catch (error) {
        log.error({ err: error, agentId }, 'The presence of an agent could not be updated; the next sweep tries again')
      }
    }
  }

  return {
    async connectionOpened(agentId, connectionId, nodeId) {
      open.set(connectionId, { agentId, nodeId })
      await database.transaction(async (work) => {
        if (!(await lockAgent(work.trx, agentId))) return
        await insertConnection(work.trx, { id: connectionId, agentId }, nodeId, work.now)
        await setDisconnected(work.trx, agentId, null)
      })
    },

    async connectionClosed(connectionId) {
      open.delete(connectionId)
      await database.transaction(async (work) => {
        const agentId = await deleteConnection(work.trx, connectionId)
        if (agentId !== undefined) await noteLoss(work, agentId)
      })
    },

    async heartbeat(nodeId) {
      const connections = [...open].filter(([, own]) => own.nodeId === nodeId).map(([id, { agentId }]) => ({ id, agentId }))
      if (connections.length > 0) await beat(database.db, nodeId, connections, clock.now())
    },

    async sweepPresence(now, graceMs) {
      await database.transaction((work) => deleteLost(work, now))
      await each(await agentsWithExpiredSessions(database.db, now), (work, agentId) => endExpired(work, options, agentId, now))
      // While Parley itself was away nobody could stay connected: the grace counts from its start.
      if (now.getTime() - startedAt < graceMs) return
      const until = new Date(now.getTime() - graceMs)
      await each(await disconnectedSince(database.db, until), (work, agentId) => leave(work, options, agentId, until))
    },
  }
}

async function deleteLost(work: ParleyWork, now: Date): Promise<void> {
  const agentIds = await deleteDeadConnections(work.trx, new Date(now.getTime() - NODE_DEAD_MS))
  // In this transaction, so that a crash right after it forgets nobody.
  for (const agentId of agentIds) await noteLoss(work, agentId)
}

/** Starts the grace of an active agent without any connection. The lock makes the last of several losses see the others. */
async function noteLoss(work: ParleyWork, agentId: string): Promise<void> {
  const agent = await lockAgent(work.trx, agentId)
  if (agent?.status === 'active' && !(await hasConnection(work.trx, agentId))) await setDisconnected(work.trx, agentId, work.now)
}

async function endExpired(work: ParleyWork, { hooks, setStatus }: PresenceServiceOptions, agentId: string, now: Date): Promise<void> {
  if (!(await lockAgent(work.trx, agentId))) return
  const sessionIds = await deleteExpiredSessions(work.trx, agentId, now)
  if (sessionIds.length === 0) return
  if (!(await hasSession(work.trx, agentId, now))) await setStatus(work, agentId, 'inactive', 'session_expired')
  work.afterCommit(() => hooks.onSessionsEnded({ agentId, sessionIds, tokenIds: [] }))
}

async function leave(work: ParleyWork, { setStatus }: PresenceServiceOptions, agentId: string, until: Date): Promise<void> {
  const agent = await lockAgent(work.trx, agentId)
  // Came back, or another node was faster.
  if (!agent || !(await isDisconnectedSince(work.trx, agentId, until)) || (await hasConnection(work.trx, agentId))) return
  if (agent.status === 'inactive') await setDisconnected(work.trx, agentId, null)
  else await setStatus(work, agentId, 'inactive', 'disconnected')
}
