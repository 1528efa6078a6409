import type { ParleyDatabase } from '../../schema.ts'
import type { ChannelAccount, ChannelAdapter, ChannelKind } from './adapters/adapter.ts'
import { adapterFor } from './adapters/index.ts'

/** Turns sealed secrets back into values; implemented by the settings module. */
export interface SecretBox {
  seal(value: unknown): Buffer
  open(sealed: Buffer): unknown
}

export interface KnownChannel {
  account: ChannelAccount
  adapter: ChannelAdapter
  enabled: boolean
  queueId: string
}

/** How long a channel read from the database is believed, when no node announces a change, in milliseconds. */
const believeMs = 10_000

/** Channels ready for use, kept in memory: a webhook must not cost a read of its channel. */
export class ChannelDirectory {
  readonly #database: ParleyDatabase
  readonly #secrets: SecretBox
  readonly #publicUrl: string
  readonly #known = new Map<string, { channel: KnownChannel; until: number }>()
  readonly #accounts = new Map<string, { channelId: string | null; until: number }>()

  constructor(options: { database: ParleyDatabase; secrets: SecretBox; publicUrl: string }) {
    this.#database = options.database
    this.#secrets = options.secrets
    this.#publicUrl = options.publicUrl
  }

  /** The channel, or undefined when there is none with this id. */
  async find(id: string): Promise<KnownChannel | undefined> {
    const known = this.#known.get(id)
    if (known && known.until > performance.now()) return known.channel
    if (!/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) return undefined
    const row = await this.#database.db.selectFrom('channels').selectAll().where('id', '=', id).executeTakeFirst()
    if (!row) return undefined
    const secrets = row.secrets === null ? {} : (this.#secrets.open(row.secrets) as Record<string, unknown>)
    const channel: KnownChannel = {
      account: { id: row.id, kind: row.kind, name: row.name, config: { ...row.config, ...secrets }, publicUrl: this.#publicUrl },
      adapter: adapterFor(row.kind),
      enabled: row.enabled,
      queueId: row.queue_id,
    }
    this.#known.set(id, { channel, until: performance.now() + believeMs })
    return channel
  }

  /** The enabled channel of this kind that stands for a provider's account; the oldest, should there be several. */
  async findByAccount(kind: ChannelKind, accountKey: string): Promise<KnownChannel | undefined> {
    const key = `${kind} ${accountKey}`
    const known = this.#accounts.get(key)
    if (known && known.until > performance.now()) return known.channelId === null ? undefined : this.find(known.channelId)
    const rows = await this.#database.db
      .selectFrom('channels')
      .select('id')
      .where('kind', '=', kind)
      .where('enabled', '=', true)
      .orderBy('created_at')
      .execute()
    let found: KnownChannel | undefined
    for (const { id } of rows) {
      const channel = await this.find(id)
      if (channel?.enabled && channel.adapter.accountKey(channel.account.config) === accountKey) {
        found = channel
        break
      }
    }
    this.#accounts.set(key, { channelId: found?.account.id ?? null, until: performance.now() + believeMs })
    return found
  }

  /** Forgets a channel that changed, here or on another node. */
  forget(id: string): void {
    this.#accounts.clear()
    this.#known.delete(id)
  }
}
