import type { ApiToken, ApiTokenCreated } from '../../contracts/agents.ts'
import type { ParleyDatabase } from '../../schema.ts'
import { audit } from '../settings/index.ts'
import { agentErrors } from './agents.errors.ts'
import type { AgentHooks, CurrentAgent } from './agents.types.ts'
import { type PageOf, type PageRequest, pageOf } from './pages.ts'
import { newToken } from './secret-tokens.ts'
import { deleteToken, insertToken, listTokens } from './sessions.repo.ts'

export interface TokenService {
  /** The agent's own tokens, without their text. */
  listTokens(current: CurrentAgent, page: PageRequest): Promise<PageOf<ApiToken>>
  /** `token` is its text, which is not kept and never shown again. */
  createToken(current: CurrentAgent, name: string): Promise<ApiTokenCreated>
  /** @throws AppError 404 NOT_FOUND when the agent has no such token */
  deleteToken(current: CurrentAgent, id: string): Promise<void>
}

/** API tokens: an agent makes them for programs that act in its name. */
export function createTokenService({ database, hooks }: { database: ParleyDatabase; hooks: AgentHooks }): TokenService {
  return {
    listTokens: (current, page) =>
      pageOf(page, async (limit, after) => (await listTokens(database.db, current.id, limit, after)).map(toApiToken)),

    async createToken(current, name) {
      return database.transaction(async (work) => {
        const token = newToken('parley_')
        const row = await insertToken(work.trx, current.id, name, token.hash, work.now)
        await audit(work, current.id, 'token.created', `token:${row.id}`, { name })
        return { ...toApiToken(row), token: token.text }
      })
    },

    async deleteToken(current, id) {
      await database.transaction(async (work) => {
        const name = await deleteToken(work.trx, current.id, id)
        if (name === undefined) throw agentErrors.tokenNotFound()
        await audit(work, current.id, 'token.deleted', `token:${id}`, { name })
        work.afterCommit(() => hooks.onSessionsEnded({ agentId: current.id, sessionIds: [], tokenIds: [id] }))
      })
    },
  }
}

function toApiToken(row: { id: string; name: string; created_at: Date; last_used_at: Date | null }): ApiToken {
  return { id: row.id, name: row.name, createdAt: row.created_at.toISOString(), lastUsedAt: row.last_used_at?.toISOString() ?? null }
}
