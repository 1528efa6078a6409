import type { Kysely } from 'kysely'
import type { Schema } from '../../schema.ts'
import { describeIdentity } from './contact-names.ts'
import { restrictionReason } from './customers.service.ts'

export interface CustomerView {
  /** The name the customer last wrote under, which replies go to, as an agent reads it. */
  writesFrom: string | null
  /** Why the customer cannot be written to; null when nothing is known to be in the way. */
  refusal: string | null
}

/** How the customer of a chat is reached. */
export async function describeCustomer(db: Kysely<Schema>, chatId: string): Promise<CustomerView> {
  const row = await db
    .selectFrom('chats as c')
    .innerJoin('contact_identities as i', 'i.id', 'c.identity_id')
    .leftJoin('identity_restrictions as r', (join) => join.onRef('r.identity_id', '=', 'i.id').onRef('r.channel_id', '=', 'c.channel_id'))
    .select(['i.namespace', 'i.external_id', 'r.state'])
    .where('c.id', '=', chatId)
    .executeTakeFirst()
  if (!row) return { writesFrom: null, refusal: null }
  return {
    writesFrom: describeIdentity({ namespace: row.namespace, externalId: row.external_id }),
    refusal: restrictionReason(row.state),
  }
}
