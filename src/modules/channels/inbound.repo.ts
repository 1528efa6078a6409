import type { Selectable } from 'kysely'
import type { ParleyWork, Schema } from '../../schema.ts'
import { nextSeq, type PublishChange } from '../chats/index.ts'
import type { IdentityRef } from './adapters/adapter.ts'

export type IdentityRow = Selectable<Schema['contact_identities']>

/** Remembers that an event of a channel was handled; false when it was before. */
export async function claimEvent(work: ParleyWork, channelId: string, eventKey: string): Promise<boolean> {
  const result = await work.trx
    .insertInto('inbound_events')
    .values({ channel_id: channelId, event_key: eventKey.slice(0, 500), received_at: work.now })
    .onConflict((conflict) => conflict.doNothing())
    .executeTakeFirst()
  return (result.numInsertedOrUpdatedRows ?? 0n) > 0n
}

/** Which of these names are known, in the order of the names. */
export async function findIdentities(work: ParleyWork, refs: readonly IdentityRef[]): Promise<IdentityRow[]> {
  if (refs.length === 0) return []
  const rows = await work.trx
    .selectFrom('contact_identities')
    .selectAll()
    .where((eb) => eb.or(refs.map((ref) => eb.and([eb('namespace', '=', ref.namespace), eb('external_id', '=', ref.externalId)]))))
    .execute()
  const place = (row: IdentityRow) => refs.findIndex((ref) => ref.namespace === row.namespace && ref.externalId === row.external_id)
  return rows.sort((a, b) => place(a) - place(b))
}

/** The contact's open chat on the channel, locked. */
export async function lockOpenChat(
  work: ParleyWork,
  contactId: string,
  channelId: string,
): Promise<Selectable<Schema['chats']> | undefined> {
  return work.trx
    .selectFrom('chats')
    .selectAll()
    .where('contact_id', '=', contactId)
    .where('channel_id', '=', channelId)
    .where('status', '<>', 'completed')
    .forUpdate()
    .executeTakeFirst()
}

/** Announces that something about the contact's open chats changed besides their messages. */
export async function announceContact(work: ParleyWork, contactId: string, publish: PublishChange): Promise<void> {
  const chats = await work.trx
    .selectFrom('chats')
    .select('id')
    .where('contact_id', '=', contactId)
    .where('status', '<>', 'completed')
    .orderBy('id')
    .execute()
  for (const { id } of chats) await announceChat(work, id, publish)
}

/** Announces that something about a chat changed besides its messages. */
export async function announceChat(work: ParleyWork, chatId: string, publish: PublishChange): Promise<void> {
  const seq = await nextSeq(work, chatId)
  work.afterCommit(() => publish({ kind: 'updated', chatId, seq }))
}
