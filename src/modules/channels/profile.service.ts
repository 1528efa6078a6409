import type { Logger } from '../../platform/log.ts'
import type { ParleyDatabase } from '../../schema.ts'
import { type InboundFile, MediaError, ProviderCallError } from './adapters/adapter.ts'
import type { HttpPort } from './adapters/http.ts'
import type { ChannelDirectory, KnownChannel } from './channel-directory.ts'
import type { CustomerService } from './customers.service.ts'

/** Whose profile is to be fetched, and over which channel. */
export interface ProfileTarget {
  channelId: string
  contactId: string
  identityId: string
}

export interface ProfileOptions {
  database: ParleyDatabase
  directory: ChannelDirectory
  customers: CustomerService
  http: HttpPort
  log: Logger
  /** Stores a picture and answers its address within Parley; null when it is no picture that may be stored. */
  storePicture(channel: KnownChannel, picture: InboundFile): Promise<string | null>
}

const dayMs = 86_400_000
/** Profiles whose job was lost are looked for after this time. */
const lostAfterMs = 60_000

/** Fetches what providers know of new customers: name, language, phone and picture. */
export class ProfileService {
  readonly #options: ProfileOptions

  constructor(options: ProfileOptions) {
    this.#options = options
  }

  /** Fetches one profile. @throws ProviderCallError, MediaError when a later attempt can succeed */
  async fetch(target: ProfileTarget): Promise<void> {
    const { database, directory, customers, http, log } = this.#options
    const channel = await directory.find(target.channelId)
    const identity = await database.db
      .selectFrom('contact_identities')
      .select(['namespace', 'external_id as externalId', 'contact_id'])
      .where('id', '=', target.identityId)
      .executeTakeFirst()
    if (!identity || !channel?.adapter.profile) return
    try {
      const profile = await channel.adapter.profile(identity, channel.account, http)
      if (profile) {
        const { picture, ...facts } = profile
        await customers.learn(identity.contact_id, facts)
        if (picture) await customers.learn(identity.contact_id, { photoUrl: await this.#options.storePicture(channel, picture) })
      }
    } catch (error) {
      const passes = error instanceof ProviderCallError ? error.failure.retry : error instanceof MediaError ? error.retry : true
      if (passes) throw error
      log.info({ err: error, channelId: target.channelId, identityId: target.identityId }, 'The provider tells no profile')
    }
    await database.transaction((work) =>
      work.trx.updateTable('contact_identities').set({ profile_checked_at: work.now }).where('id', '=', target.identityId).execute(),
    )
  }

  /** New customers nobody asked about yet, because a job was lost or failed; for a day. */
  async missing(): Promise<ProfileTarget[]> {
    return this.#options.database.transaction(async (work) => {
      const rows = await work.trx
        .selectFrom('contact_identities as i')
        .innerJoin('chats as c', 'c.identity_id', 'i.id')
        .innerJoin('channels as n', 'n.id', 'c.channel_id')
        .distinctOn('i.id')
        .select(['i.id', 'i.contact_id', 'c.channel_id'])
        .where('i.profile_checked_at', 'is', null)
        .where('i.created_at', '>', new Date(work.now.getTime() - dayMs))
        .where('i.created_at', '<', new Date(work.now.getTime() - lostAfterMs))
        .where('n.kind', 'in', ['telegram', 'messenger'])
        .orderBy('i.id')
        .limit(200)
        .execute()
      return rows.map((row) => ({ channelId: row.channel_id, contactId: row.contact_id, identityId: row.id }))
    })
  }
}
