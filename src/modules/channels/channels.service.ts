import type { Selectable } from 'kysely'
import type { Channel, ChannelCreate, ChannelPatch } from '../../contracts/index.ts'
import { sqlState } from '../../platform/db/database.ts'
import { AppError, conflict, notFound } from '../../platform/errors.ts'
import type { ParleyDatabase, ParleyWork, Schema } from '../../schema.ts'
import { configProblems } from './adapters/account.ts'
import { adapterFor } from './adapters/index.ts'
import type { SecretBox } from './channel-directory.ts'

type ChannelRow = Selectable<Schema['channels']>

export interface ChannelServiceOptions {
  database: ParleyDatabase
  secrets: SecretBox
  publicUrl: string
  /** Tells every node that a channel changed. */
  announce(channelId: string): void
  audit(work: ParleyWork, agentId: string | null, action: string, subject: string): Promise<void>
}

/** Channels as administrators see them; secrets go in and never come out. */
export class ChannelService {
  readonly #options: ChannelServiceOptions

  constructor(options: ChannelServiceOptions) {
    this.#options = options
  }

  async list(): Promise<Channel[]> {
    const rows = await this.#options.database.db.selectFrom('channels').selectAll().orderBy('created_at').execute()
    return rows.map((row) => this.#view(row))
  }

  async get(id: string): Promise<Channel> {
    const row = await this.#options.database.db.selectFrom('channels').selectAll().where('id', '=', id).executeTakeFirst()
    if (!row) throw notFound(`Channel ${id}`)
    return this.#view(row)
  }

  /** @throws AppError 422 INVALID_CHANNEL_CONFIG naming every wrong field; 409 NAME_TAKEN */
  async create(input: ChannelCreate, agentId: string | null): Promise<Channel> {
    return this.#view(await this.#write((work) => this.#insert(work, input, agentId)))
  }

  /** The same as a part of the caller's transaction. */
  async createIn(work: ParleyWork, input: ChannelCreate): Promise<void> {
    await this.#insert(work, input, null)
  }

  async #insert(work: ParleyWork, input: ChannelCreate, agentId: string | null): Promise<ChannelRow> {
    const { secrets, config } = this.#split(input.kind, input.config ?? {})
    const created = await work.trx
      .insertInto('channels')
      .values({
        kind: input.kind,
        name: input.name,
        queue_id: input.queueId,
        language: input.language ?? null,
        enabled: input.enabled ?? true,
        config: JSON.stringify(config),
        secrets: this.#options.secrets.seal(secrets),
        last_webhook_at: null,
        created_at: work.now,
      })
      .returningAll()
      .executeTakeFirstOrThrow()
    await this.#options.audit(work, agentId, 'channel.created', `${created.kind} ${created.name}`)
    return created
  }

  /** Config fields that are not given stay as they are. */
  async patch(id: string, patch: ChannelPatch, agentId: string | null): Promise<Channel> {
    const row = await this.#write(async (work) => {
      const current = await work.trx.selectFrom('channels').selectAll().where('id', '=', id).forUpdate().executeTakeFirst()
      if (!current) throw notFound(`Channel ${id}`)
      const old = current.secrets === null ? {} : (this.#options.secrets.open(current.secrets) as Record<string, unknown>)
      const { secrets, config } = this.#split(current.kind, { ...current.config, ...old, ...patch.config })
      await this.#options.audit(work, agentId, 'channel.changed', `${current.kind} ${current.name}: ${Object.keys(patch).join(', ')}`)
      return work.trx
        .updateTable('channels')
        .set({
          ...(patch.name === undefined ? {} : { name: patch.name }),
          ...(patch.queueId === undefined ? {} : { queue_id: patch.queueId }),
          ...(patch.language === undefined ? {} : { language: patch.language }),
          ...(patch.enabled === undefined ? {} : { enabled: patch.enabled }),
          config: JSON.stringify(config),
          secrets: this.#options.secrets.seal(secrets),
        })
        .where('id', '=', id)
        .returningAll()
        .executeTakeFirstOrThrow()
    })
    this.#options.announce(id)
    return this.#view(row)
  }

  /** @throws AppError 409 CHANNEL_HAS_CHATS: such a channel can only be disabled */
  async remove(id: string, agentId: string | null): Promise<void> {
    await this.#options.database.transaction(async (work) => {
      const row = await work.trx.selectFrom('channels').selectAll().where('id', '=', id).forUpdate().executeTakeFirst()
      if (!row) throw notFound(`Channel ${id}`)
      const chat = await work.trx.selectFrom('chats').select('id').where('channel_id', '=', id).limit(1).executeTakeFirst()
      if (chat) throw conflict('CHANNEL_HAS_CHATS', `Channel ${row.name} has chats; disable it instead.`)
      await work.trx.deleteFrom('channels').where('id', '=', id).execute()
      await this.#options.audit(work, agentId, 'channel.deleted', `${row.kind} ${row.name}`)
    })
    this.#options.announce(id)
  }

  #split(kind: ChannelRow['kind'], config: Record<string, unknown>): { config: Record<string, unknown>; secrets: Record<string, unknown> } {
    const adapter = adapterFor(kind)
    const problems = configProblems(adapter, config)
    if (problems.length > 0) {
      throw new AppError(
        'INVALID_CHANNEL_CONFIG',
        422,
        `The config of a ${kind} channel is wrong: ${problems.map((problem) => `${problem.field} ${problem.message}`).join('; ')}.`,
        { details: { problems } },
      )
    }
    const isSecret = ([field]: [string, unknown]) => adapter.secretFields.includes(field)
    const entries = Object.entries(config)
    return {
      secrets: Object.fromEntries(entries.filter(isSecret)),
      config: Object.fromEntries(entries.filter((entry) => !isSecret(entry))),
    }
  }

  async #write(action: (work: ParleyWork) => Promise<ChannelRow>): Promise<ChannelRow> {
    try {
      return await this.#options.database.transaction(action)
    } catch (error) {
      if (sqlState(error) === '23505') throw conflict('NAME_TAKEN', 'Another channel has this name.')
      if (sqlState(error) === '23503') throw new AppError('QUEUE_NOT_FOUND', 422, 'The queue of the channel does not exist.')
      throw error
    }
  }

  #view(row: ChannelRow): Channel {
    return {
      id: row.id,
      kind: row.kind,
      name: row.name,
      queueId: row.queue_id,
      language: row.language,
      enabled: row.enabled,
      config: row.config,
      webhookUrl: `${this.#options.publicUrl}/webhooks/${row.kind}/${row.id}`,
      createdAt: row.created_at.toISOString(),
    }
  }
}
