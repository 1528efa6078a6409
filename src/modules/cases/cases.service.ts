import type { Case, CaseCreate, CaseListQuery, CasePatch } from '../../contracts/index.ts'
import { AppError, notFound } from '../../platform/errors.ts'
import type { ParleyDatabase, ParleyWork } from '../../schema.ts'
import type { RaiseEvent } from '../workflow/index.ts'
import * as repo from './cases.repo.ts'

/** Whoever asks; the HTTP layer authenticated them. */
export interface CaseKeeper {
  id: string
  name: string
  role: 'agent' | 'supervisor' | 'admin'
  queueIds: readonly string[]
}

export interface CaseServiceDeps {
  database: ParleyDatabase
  raise: RaiseEvent
  /** @throws AppError 404 when the agent may not see the chat */
  assertVisible(agent: CaseKeeper, chatId: string): Promise<void>
  audit(work: ParleyWork, agentId: string, action: string, subject: string, details?: Record<string, unknown>): Promise<void>
}

const missing = (what: string) => new AppError('UNKNOWN_REFERENCE', 422, `There is no ${what}.`)

/** Cases as agents keep them. */
export class CaseService {
  readonly #deps: CaseServiceDeps

  constructor(deps: CaseServiceDeps) {
    this.#deps = deps
  }

  /** Newest first. */
  async list(query: CaseListQuery): Promise<{ items: Case[]; nextCursor: string | null }> {
    const limit = query.limit ?? 50
    const rows = await repo.listCases(this.#deps.database.db, { ...query, limit: limit + 1 })
    const items = rows.slice(0, limit).map(toCase)
    return { items, nextCursor: rows.length > limit ? (items.at(-1)?.id ?? null) : null }
  }

  /** @throws AppError 404 NOT_FOUND */
  async get(id: string): Promise<Case> {
    const row = await repo.findCase(this.#deps.database.db, id)
    if (!row) throw notFound(`Case ${id}`)
    return toCase(row)
  }

  /** What is not given: source "Manual", status "New", no contact. @throws AppError 404 for the chat, 422 UNKNOWN_REFERENCE */
  async create(agent: CaseKeeper, fields: CaseCreate): Promise<Case> {
    const { chatId = null } = fields
    if (chatId !== null) await this.#deps.assertVisible(agent, chatId)
    return this.#deps.database.transaction(async (work) => {
      const columns = { ...empty, ...columnsOf(fields), subject: fields.subject }
      const unknown = await repo.findMissing(work.trx, columns)
      if (unknown !== null) throw missing(unknown)
      const row = await repo.insertCase(work.trx, { ...columns, chat_id: chatId, origin: null }, work.now)
      if (!row) throw new Error('A case without an origin cannot exist before')
      if (chatId !== null) {
        const payload = { chatId, caseId: row.id, caseNumber: row.number }
        await this.#deps.raise(work, { chatId, name: 'case.created', payload, agentId: agent.id })
      }
      await this.#deps.audit(work, agent.id, 'case.created', `case:${row.id}`)
      return toCase(row)
    })
  }

  /** @throws AppError 404 NOT_FOUND; 422 UNKNOWN_REFERENCE */
  async change(agent: CaseKeeper, id: string, patch: CasePatch): Promise<Case> {
    return this.#deps.database.transaction(async (work) => {
      const columns = columnsOf(patch)
      const unknown = await repo.findMissing(work.trx, columns)
      if (unknown !== null) throw missing(unknown)
      const row = await repo.updateCase(work.trx, id, columns)
      if (!row) throw notFound(`Case ${id}`)
      await this.#deps.audit(work, agent.id, 'case.changed', `case:${id}`, { fields: Object.keys(patch) })
      return toCase(row)
    })
  }
}

const empty = { description: '', source: 'Manual', status: 'New', contact_id: null, account_id: null, assignee_id: null }

function columnsOf(fields: CasePatch): Partial<repo.CaseFields> {
  const { subject, description, source, status, contactId, accountId, assigneeId } = fields
  return {
    ...(subject === undefined ? {} : { subject }),
    ...(description === undefined ? {} : { description }),
    ...(source === undefined ? {} : { source }),
    ...(status === undefined ? {} : { status }),
    ...(contactId === undefined ? {} : { contact_id: contactId }),
    ...(accountId === undefined ? {} : { account_id: accountId }),
    ...(assigneeId === undefined ? {} : { assignee_id: assigneeId }),
  }
}

function toCase(row: repo.CaseRow): Case {
  return {
    id: row.id,
    number: row.number,
    subject: row.subject,
    description: row.description,
    source: row.source,
    registeredAt: row.registered_at.toISOString(),
    status: row.status,
    contactId: row.contact_id,
    accountId: row.account_id,
    assigneeId: row.assignee_id,
    chatId: row.chat_id,
  }
}
