import type { Kysely } from 'kysely'
import type { Template, TemplateCreate, TemplateList, TemplateListQuery, TemplatePatch } from '../../contracts/index.ts'
import { fromCursor, toCursor } from '../../platform/db/keyset.ts'
import { AppError, notFound } from '../../platform/errors.ts'
import type { ParleyDatabase, ParleyWork, Schema } from '../../schema.ts'
import { placeholders, renderTemplate, unknownPlaceholders } from './render-template.ts'
import * as repo from './templates.repo.ts'

/** Templates in the group of those that an agent used last. */
const recentlyUsedLimit = 5

/** Whoever asks; the HTTP layer authenticated them. */
export interface TemplateReader {
  id: string
  name: string
  role: 'agent' | 'supervisor' | 'admin'
  queueIds: readonly string[]
}

export interface TemplateServiceDeps {
  database: ParleyDatabase
  /** @throws AppError 404 when the agent may not see the chat */
  assertVisible(agent: TemplateReader, chatId: string): Promise<void>
  audit(work: ParleyWork, agentId: string, action: string, subject: string, details?: Record<string, unknown>): Promise<void>
}

/** Ready answers: found by name or text, shown for a chat, kept by administrators. */
export class TemplateService {
  readonly #deps: TemplateServiceDeps

  constructor(deps: TemplateServiceDeps) {
    this.#deps = deps
  }

  /** With a chat: what its queue offers, rendered for it. Without: what the agent's queues offer, all for supervisors. */
  async list(agent: TemplateReader, query: TemplateListQuery): Promise<TemplateList> {
    const { db } = this.#deps.database
    const { q = '', language = null, chatId, limit = 50, cursor } = query
    if (chatId !== undefined) await this.#deps.assertVisible(agent, chatId)
    const chat = chatId === undefined ? undefined : await repo.readValues(db, chatId, agent.id)
    const queueIds = chat ? [chat.queueId] : agent.role === 'agent' ? agent.queueIds : null
    const filter = { q, language, queueIds }
    const after = cursor === undefined ? null : fromCursor(cursor)
    const rows = await repo.listTemplates(db, filter, { after, limit: limit + 1 })
    const page = rows.slice(0, limit)
    const last = page.at(-1)
    const recent = after === null ? await repo.listRecentlyUsed(db, filter, agent.id, recentlyUsedLimit) : []
    const view = (row: repo.TemplateRow): Template => ({
      ...toTemplate(row),
      ...(chat ? { rendered: renderTemplate(row.body, chat.values) } : {}),
    })
    return {
      recentlyUsed: recent.map(view),
      items: page.map(view),
      nextCursor: rows.length > limit && last ? toCursor({ name: last.place, id: last.id }) : null,
    }
  }

  /** @throws AppError 422 UNKNOWN_PLACEHOLDER with the known ones, QUEUE_NOT_FOUND */
  async create(agentId: string, fields: TemplateCreate): Promise<Template> {
    return this.#deps.database.transaction(async (work) => {
      await check(work, fields)
      const row = await repo.insertTemplate(work.trx, { ...columnsOf(fields), name: fields.name, body: fields.body }, work.now)
      await this.#deps.audit(work, agentId, 'template.created', `template:${row.id}`, { name: row.name })
      return toTemplate(row)
    })
  }

  /** @throws AppError 404 NOT_FOUND; 422 as create() */
  async change(agentId: string, id: string, patch: TemplatePatch): Promise<Template> {
    return this.#deps.database.transaction(async (work) => {
      await check(work, patch)
      const row = await repo.updateTemplate(work.trx, id, columnsOf(patch), work.now)
      if (!row) throw notFound(`Template ${id}`)
      await this.#deps.audit(work, agentId, 'template.changed', `template:${id}`, { fields: Object.keys(patch) })
      return toTemplate(row)
    })
  }

  /** @throws AppError 404 NOT_FOUND */
  async remove(agentId: string, id: string): Promise<void> {
    await this.#deps.database.transaction(async (work) => {
      if (!(await repo.deleteTemplate(work.trx, id))) throw notFound(`Template ${id}`)
      await this.#deps.audit(work, agentId, 'template.deleted', `template:${id}`)
    })
  }

  /**
   * The text of a template for a chat, for an agent who selects it: from now on it is among the recently used.
   * @throws AppError 404 for the chat, or a template that its queue does not offer
   */
  async render(agent: TemplateReader, id: string, chatId: string): Promise<string> {
    await this.#deps.assertVisible(agent, chatId)
    return this.#deps.database.transaction(async (work) => {
      const text = required(await textFor(work.trx, id, chatId, agent.id), id)
      await repo.noteUse(work.trx, agent.id, id, work.now)
      return text
    })
  }
}

/** What sends messages by template, for the chats module: inside its transaction. */
export const templateTexts = {
  /** The text for the chat; null when there is no such template for its queue. `agentId` null = the chat's owner writes. */
  textFor,
  noteUse: (work: ParleyWork, agentId: string, templateId: string): Promise<void> => repo.noteUse(work.trx, agentId, templateId, work.now),
}

async function textFor(db: Kysely<Schema>, templateId: string, chatId: string, agentId: string | null): Promise<string | null> {
  const template = await repo.findTemplate(db, templateId)
  const chat = await repo.readValues(db, chatId, agentId)
  if (!template || !chat) return null
  if (template.queue_ids.length > 0 && !template.queue_ids.includes(chat.queueId)) return null
  return renderTemplate(template.body, chat.values)
}

async function check(work: ParleyWork, { body, queueIds }: TemplatePatch): Promise<void> {
  const unknown = unknownPlaceholders(body ?? '')
  if (unknown.length > 0) throw unknownPlaceholder(unknown)
  const queues = await repo.findUnknownQueues(work.trx, queueIds ?? [])
  if (queues.length > 0)
    throw new AppError('QUEUE_NOT_FOUND', 422, `There is no queue ${queues.join(', ')}.`, { details: { queueIds: queues } })
}

function unknownPlaceholder(names: string[]): AppError {
  const written = names.map((name) => `{{${name}}}`).join(', ')
  const known = placeholders.map((name) => `{{${name}}}`).join(', ')
  return new AppError('UNKNOWN_PLACEHOLDER', 422, `Nobody knows ${written}. A template may hold ${known}.`, {
    details: { unknown: names, known: placeholders },
  })
}

function required(text: string | null, id: string): string {
  if (text === null) throw notFound(`Template ${id}`)
  return text
}

function columnsOf({ name, body, language, queueIds }: TemplatePatch): repo.TemplateFields {
  return {
    ...(name === undefined ? {} : { name: name.trim() }),
    ...(body === undefined ? {} : { body }),
    ...(language === undefined ? {} : { language }),
    ...(queueIds === undefined ? {} : { queue_ids: queueIds }),
  }
}

function toTemplate({ id, name, body, language, queue_ids: queueIds }: repo.TemplateRow): Template {
  return { id, name, body, language, queueIds }
}
