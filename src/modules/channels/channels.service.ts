import type { Selectable } from 'kysely'
import type { Channel, ChannelCreate, ChannelHealthReport, ChannelPatch, ChannelSetup } from '../../contracts/index.ts'
import { sqlState } from '../../platform/db/database.ts'
import { AppError, conflict, notFound } from '../../platform/errors.ts'
import type { ParleyDatabase, ParleyWork, Schema } from '../../schema.ts'
import { configProblems } from './adapters/account.ts'
import type { ChannelAccount } from './adapters/adapter.ts'
import { adapterFor } from './adapters/index.ts'
import type { SecretBox } from './channel-directory.ts'
import type { ChannelHealth } from './channel-health.ts'
import type { ChannelConnector } from './channel-setup.ts'

type ChannelRow = Selectable<Schema['channels']>

export interface ChannelServiceOptions {
  database: ParleyDatabase
  secrets: SecretBox
  publicUrl: string
  connector: ChannelConnector
  health: ChannelHealth
  /** Tells every node, this one at once, that a channel changed. */
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
    const row = await this.#write((work) => this.#insert(work, input, agentId))
    return { ...this.#view(row), ...(await this.#connect(row)) }
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
        ...(input.silenceAlarmHours === undefined ? {} : { silence_alarm_hours: input.silenceAlarmHours }),
        last_webhook_at: null,
        created_at: work.now,
      })
      .returningAll()
      .executeTakeFirstOrThrow()
    await this.#options.audit(work, agentId, 'channel.created', `${created.kind} ${created.name}`)
    return created
  }

  /** Config fields that are not given stay as they are; one given as null is taken out. */
  async patch(id: string, patch: ChannelPatch, agentId: string | null): Promise<Channel> {
    let before: ChannelRow | undefined
    const row = await this.#write(async (work) => {
      const current = await work.trx.selectFrom('channels').selectAll().where('id', '=', id).forUpdate().executeTakeFirst()
      if (!current) throw notFound(`Channel ${id}`)
      before = current
      const given = { ...current.config, ...this.#open(current), ...patch.config }
      const { secrets, config } = this.#split(current.kind, Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null)))
      await this.#options.audit(work, agentId, 'channel.changed', `${current.kind} ${current.name}: ${Object.keys(patch).join(', ')}`)
      return work.trx
        .updateTable('channels')
        .set({
          ...(patch.name === undefined ? {} : { name: patch.name }),
          ...(patch.queueId === undefined ? {} : { queue_id: patch.queueId }),
          ...(patch.language === undefined ? {} : { language: patch.language }),
          ...(patch.enabled === undefined ? {} : { enabled: patch.enabled }),
          ...(patch.silenceAlarmHours === undefined ? {} : { silence_alarm_hours: patch.silenceAlarmHours }),
          config: JSON.stringify(config),
          secrets: this.#options.secrets.seal(secrets),
        })
        .where('id', '=', id)
        .returningAll()
        .executeTakeFirstOrThrow()
    })
    this.#options.announce(id)
    const followed = await this.#followPatch(row, before, patch)
    return { ...(await this.get(id)), ...followed }
  }

  /** What is known of the channel's health and what its provider says right now. @throws AppError 404 */
  async health(id: string): Promise<ChannelHealthReport> {
    return this.#options.health.check(id)
  }

  /** @throws AppError 409 CHANNEL_HAS_CHATS: such a channel can only be disabled */
  async remove(id: string, agentId: string | null): Promise<void> {
    const removed = await this.#options.database.transaction(async (work) => {
      const row = await work.trx.selectFrom('channels').selectAll().where('id', '=', id).forUpdate().executeTakeFirst()
      if (!row) throw notFound(`Channel ${id}`)
      const chat = await work.trx.selectFrom('chats').select('id').where('channel_id', '=', id).limit(1).executeTakeFirst()
      if (chat) throw conflict('CHANNEL_HAS_CHATS', `Channel ${row.name} has chats; disable it instead.`)
      await work.trx.deleteFrom('channels').where('id', '=', id).execute()
      await this.#options.audit(work, agentId, 'channel.deleted', `${row.kind} ${row.name}`)
      return row
    })
    this.#options.announce(id)
    await this.#disconnect(removed)
  }

  /** A new config or a channel switched on is connected and starts afresh; a channel switched off is taken from the provider. */
  async #followPatch(row: ChannelRow, before: ChannelRow | undefined, patch: ChannelPatch): Promise<{ setup?: ChannelSetup }> {
    const switchedOff = before?.enabled === true && !row.enabled
    if (switchedOff) await this.#disconnect(row)
    const concerned = patch.config !== undefined || (before?.enabled === false && row.enabled)
    if (!concerned || !row.enabled) return {}
    const connected = await this.#connect(row)
    await this.#options.health.reset(row.id)
    return connected
  }

  async #connect(row: ChannelRow): Promise<{ setup?: ChannelSetup }> {
    if (!row.enabled) return {}
    return { setup: await this.#options.connector.connect(this.#account(row)) }
  }

  async #disconnect(row: ChannelRow): Promise<void> {
    await this.#options.connector.disconnect(this.#account(row))
  }

  #account(row: ChannelRow): ChannelAccount {
    const { publicUrl } = this.#options
    return { id: row.id, kind: row.kind, name: row.name, config: { ...row.config, ...this.#open(row) }, publicUrl }
  }

  #open(row: ChannelRow): Record<string, unknown> {
    return row.secrets === null ? {} : (this.#options.secrets.open(row.secrets) as Record<string, unknown>)
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
      secretsSet: Object.keys(this.#open(row)).sort(),
      silenceAlarmHours: row.silence_alarm_hours,
      state: row.health,
      stateReason: row.health_reason,
      lastWebhookAt: row.last_webhook_at?.toISOString() ?? null,
      webhookUrl: `${this.#options.publicUrl}/webhooks/${row.kind}/${row.id}`,
      createdAt: row.created_at.toISOString(),
    }
  }
}
