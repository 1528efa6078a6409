import { assertNever } from '../../platform/errors.ts'
import type { ParleyDatabase, ParleyWork } from '../../schema.ts'
import type { MessageService, PublishChange } from '../chats/index.ts'
import { BpmnError } from '../workflow/index.ts'
import type { ChannelKind, InboundEvent } from './adapters/adapter.ts'
import type { KnownChannel } from './channel-directory.ts'
import { describeIdentity, isGeneratedName } from './contact-names.ts'
import * as repo from './inbound.repo.ts'

type Reachability = Extract<InboundEvent, { kind: 'blocked' | 'unblocked' | 'opted_out' | 'opted_in' }>
type IdentityChange = Extract<InboundEvent, { kind: 'identity_changed' }>

/** What a channel tells of a person; null and absent leave what is known. */
export interface ProfileFacts {
  name?: string | null
  language?: string | null
  phone?: string | null
  photoUrl?: string | null
}

export interface CustomerServiceOptions {
  database: ParleyDatabase
  messages: MessageService
  publish: PublishChange
  /** Gives an open chat to another contact, with the identities it is held under. @throws BpmnError when that is not possible */
  linkContact(work: ParleyWork, chatId: string, contactId: string): Promise<unknown>
}

/** Who customers are and whether they can be written to. */
export class CustomerService {
  readonly #options: CustomerServiceOptions

  constructor(options: CustomerServiceOptions) {
    this.#options = options
  }

  /** Keeps that a customer has blocked the channel or opted out, or neither any more; the open chat shows a line about it. */
  async setReachability(channel: KnownChannel, event: Reachability): Promise<void> {
    const channelId = channel.account.id
    await this.#options.database.transaction(async (work) => {
      if (!(await repo.claimEvent(work, channelId, event.eventKey))) return
      const [identity] = await repo.findIdentities(work, event.customer.identities)
      if (!identity || !(await moveRestriction(work, channelId, identity.id, event.kind))) return
      const chat = await repo.lockOpenChat(work, identity.contact_id, channelId)
      if (!chat) return
      await this.#options.messages.addSystemMessage(work, chat.id, reachabilityLine(event.kind, channel.account.kind))
      await repo.announceChat(work, chat.id, this.#options.publish)
    })
  }

  /**
   * Gives an identity its new name; never a new contact. When the new name is known already, its owner and this one are
   * the same person: what can be joined is joined under the contact that was known before.
   */
  async changeIdentity(channel: KnownChannel, event: IdentityChange): Promise<void> {
    const channelId = channel.account.id
    await this.#options.database.transaction(async (work) => {
      if (!(await repo.claimEvent(work, channelId, event.eventKey))) return
      const rows = await repo.findIdentities(work, [event.from, event.to])
      const from = rows.find((row) => row.external_id === event.from.externalId && row.namespace === event.from.namespace)
      const to = rows.find((row) => row.external_id === event.to.externalId && row.namespace === event.to.namespace)
      if (!from) return
      if (!to) {
        await work.trx.updateTable('contact_identities').set({ external_id: event.to.externalId }).where('id', '=', from.id).execute()
      } else if (to.contact_id !== from.contact_id) await this.#join(work, channelId, from, to)
      if (to)
        await work.trx
          .updateTable('chats')
          .set({ identity_id: to.id })
          .where('identity_id', '=', from.id)
          .where('status', '<>', 'completed')
          .execute()
      await moveContactPhone(work, from.contact_id, event)
      await this.#tellChange(work, channelId, from.contact_id, event)
    })
  }

  /** Fills what is not known of a contact yet; a name is replaced only when Parley made it up. Answers whether something changed. */
  async learn(contactId: string, facts: ProfileFacts): Promise<boolean> {
    return this.#options.database.transaction(async (work) => {
      const contact = await work.trx.selectFrom('contacts').selectAll().where('id', '=', contactId).forUpdate().executeTakeFirst()
      if (!contact || contact.removed_at !== null) return false
      const identities = await work.trx
        .selectFrom('contact_identities')
        .select(['namespace', 'external_id as externalId'])
        .where('contact_id', '=', contactId)
        .execute()
      const set = {
        ...(facts.name && facts.name !== contact.name && isGeneratedName(contact.name, identities) ? { name: facts.name } : {}),
        ...(facts.language && contact.language === null ? { language: facts.language } : {}),
        ...(facts.phone && contact.mobile_phone === null ? { mobile_phone: facts.phone } : {}),
        ...(facts.photoUrl && contact.photo_url === null ? { photo_url: facts.photoUrl } : {}),
      }
      if (Object.keys(set).length === 0) return false
      await work.trx.updateTable('contacts').set(set).where('id', '=', contactId).execute()
      await repo.announceContact(work, contactId, this.#options.publish)
      return true
    })
  }

  /** Joins the owner of the new name with the contact known before, as far as their open chats allow it. */
  async #join(work: ParleyWork, channelId: string, from: repo.IdentityRow, to: repo.IdentityRow): Promise<void> {
    const theirs = await repo.lockOpenChat(work, to.contact_id, channelId)
    if (theirs) {
      try {
        await work.attempt(() => this.#options.linkContact(work, theirs.id, from.contact_id))
      } catch (error) {
        if (!(error instanceof BpmnError)) throw error
        // Both have an open chat here: an agent finishes one and links them.
        return
      }
    }
    await work.trx.updateTable('contact_identities').set({ contact_id: from.contact_id }).where('id', '=', to.id).execute()
  }

  async #tellChange(work: ParleyWork, channelId: string, contactId: string, { from, to }: IdentityChange): Promise<void> {
    const chat = await repo.lockOpenChat(work, contactId, channelId)
    if (!chat) return
    // Only a phone number says something to an agent.
    if (from.namespace === 'phone') {
      const line = `The customer's number changed from ${describeIdentity(from)} to ${describeIdentity(to)}.`
      await this.#options.messages.addSystemMessage(work, chat.id, line)
    }
    await repo.announceChat(work, chat.id, this.#options.publish)
  }
}

/** Writes the new state down; answers whether it is another than before. */
async function moveRestriction(work: ParleyWork, channelId: string, identityId: string, kind: Reachability['kind']): Promise<boolean> {
  if (kind === 'unblocked' || kind === 'opted_in') {
    const gone = await work.trx
      .deleteFrom('identity_restrictions')
      .where('channel_id', '=', channelId)
      .where('identity_id', '=', identityId)
      .where('state', '=', kind === 'unblocked' ? 'blocked' : 'opted_out')
      .executeTakeFirst()
    return gone.numDeletedRows > 0n
  }
  const result = await work.trx
    .insertInto('identity_restrictions')
    .values({ channel_id: channelId, identity_id: identityId, state: kind, since: work.now })
    .onConflict((conflict) =>
      conflict
        .columns(['channel_id', 'identity_id'])
        .doUpdateSet({ state: kind, since: work.now })
        .where('identity_restrictions.state', '<>', kind),
    )
    .executeTakeFirst()
  return (result.numInsertedOrUpdatedRows ?? 0n) > 0n
}

async function moveContactPhone(work: ParleyWork, contactId: string, { from, to }: IdentityChange): Promise<void> {
  if (from.namespace !== 'phone') return
  await work.trx
    .updateTable('contacts')
    .set({ mobile_phone: to.externalId })
    .where('id', '=', contactId)
    .where('mobile_phone', '=', from.externalId)
    .execute()
  await work.trx
    .updateTable('contacts')
    .set({ name: describeIdentity(to) })
    .where('id', '=', contactId)
    .where('name', '=', describeIdentity(from))
    .execute()
}

function reachabilityLine(kind: Reachability['kind'], channel: ChannelKind): string {
  switch (kind) {
    case 'blocked':
      return channel === 'telegram'
        ? 'The customer has blocked the bot: messages do not reach them.'
        : 'The customer has blocked this channel.'
    case 'unblocked':
      return 'The customer can be written to again.'
    case 'opted_out':
      return 'The customer has unsubscribed (STOP): messages to them are refused until they write START.'
    case 'opted_in':
      return 'The customer has subscribed again (START).'
    default:
      return assertNever(kind)
  }
}

/** Why nothing can be sent to this customer, in words for an agent; null when nothing is known to be in the way. */
export function restrictionReason(state: 'blocked' | 'opted_out' | null): string | null {
  if (state === null) return null
  return state === 'blocked'
    ? 'The customer has blocked this channel.'
    : 'The customer has unsubscribed (STOP) from this channel and has to write START first.'
}
