import { type Kysely, sql } from 'kysely'
import type { Chat } from '../../contracts/index.ts'
import type { Schema } from '../../schema.ts'
import { type FileRow, fileJson, type TileRow, toMessageFile, toTile } from './chats.view.ts'

/** What a message on a channel must keep to. */
export type MessageRestrictions = Omit<Chat['restrictions'], 'replyWindowEndsAt' | 'refusal'> & {
  /** Hours after the customer's last message in which a reply is allowed; null = always. */
  replyWindowHours: number | null
}

/** What the detail view needs from elsewhere; wired by the container. */
export interface ChatDetails {
  restrictionsOf(channelId: string): Promise<MessageRestrictions>
  actions(db: Kysely<Schema>, queueId: string): Promise<Chat['actions']>
  /** The fields of the contact profile that administrators chose. */
  profileOf(db: Kysely<Schema>, chatId: string): Promise<Chat['contactProfile']>
  /** The name the customer writes from, and why they cannot be written to. */
  customerOf(db: Kysely<Schema>, chatId: string): Promise<{ writesFrom: string | null; refusal: string | null }>
}

const hourMs = 3_600_000

/** When replies stop being allowed; null when they do not. */
export function replyWindowEnd(lastCustomerMessageAt: Date | null, replyWindowHours: number | null): Date | null {
  if (replyWindowHours === null || lastCustomerMessageAt === null) return null
  return new Date(lastCustomerMessageAt.getTime() + replyWindowHours * hourMs)
}

/** The whole of one chat as this agent sees it. */
export async function describeChat(db: Kysely<Schema>, details: ChatDetails, row: TileRow, agentId: string): Promise<Chat> {
  const more = await db
    .selectFrom('chats as c')
    .leftJoin('chats as child', 'child.parent_chat_id', 'c.id')
    .leftJoin('drafts as d', (join) => join.onRef('d.chat_id', '=', 'c.id').on('d.agent_id', '=', agentId))
    .select([
      'c.accepted_at',
      'c.completed_at',
      'c.completion_reason',
      'c.parent_chat_id',
      'c.previous_chat_id',
      'c.tags',
      'c.translation',
      'c.priority',
      'child.id as child_chat_id',
      'd.text as draft_text',
      'd.file_ids as draft_file_ids',
      sql<
        FileRow[] | null
      >`(select json_agg(${fileJson} order by array_position(d.file_ids, f.id)) from files f where f.id = any (d.file_ids))`.as(
        'draft_files',
      ),
    ])
    .where('c.id', '=', row.id)
    .orderBy('child.id', 'desc')
    .limit(1)
    .executeTakeFirstOrThrow()
  const { replyWindowHours, ...restrictions } = await details.restrictionsOf(row.channel_id)
  const customer = await details.customerOf(db, row.id)
  return {
    ...toTile(row, agentId),
    contactProfile: [...(await details.profileOf(db, row.id)), { field: 'writesFrom', label: 'Writes from', value: customer.writesFrom }],
    acceptedAt: more.accepted_at?.toISOString() ?? null,
    completedAt: more.completed_at?.toISOString() ?? null,
    completionReason: more.completion_reason,
    parentChatId: more.parent_chat_id,
    previousChatId: more.previous_chat_id,
    tags: more.tags,
    priority: more.priority,
    childChatId: more.child_chat_id,
    translation: more.translation,
    actions: await details.actions(db, row.queue_id),
    draft:
      more.draft_text === null
        ? null
        : { text: more.draft_text, fileIds: more.draft_file_ids ?? [], files: (more.draft_files ?? []).map(toMessageFile) },
    restrictions: {
      ...restrictions,
      replyWindowEndsAt: replyWindowEnd(row.last_customer_message_at, replyWindowHours)?.toISOString() ?? null,
      refusal: customer.refusal,
    },
  }
}
