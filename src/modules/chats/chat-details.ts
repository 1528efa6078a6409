import type { Kysely } from 'kysely'
import type { Chat } from '../../contracts/index.ts'
import type { ChannelKind, Schema } from '../../schema.ts'
import { type TileRow, toTile } from './chats.view.ts'

/** What the detail view needs from elsewhere; wired by the container. */
export interface ChatDetails {
  limitsOf(kind: ChannelKind): { maxTextLength: number; maxFilesPerMessage: number; maxFileBytes: number; replyWindowHours: number | null }
  actions(db: Kysely<Schema>, queueId: string): Promise<Chat['actions']>
}

const hourMs = 3_600_000

/** The whole of one chat as this agent sees it. */
export async function describeChat(db: Kysely<Schema>, details: ChatDetails, row: TileRow, agentId: string): Promise<Chat> {
  const more = await db
    .selectFrom('chats as c')
    .innerJoin('contacts as p', 'p.id', 'c.contact_id')
    .leftJoin('chats as child', 'child.parent_chat_id', 'c.id')
    .leftJoin('drafts as d', (join) => join.onRef('d.chat_id', '=', 'c.id').on('d.agent_id', '=', agentId))
    .select([
      'c.accepted_at',
      'c.completed_at',
      'c.completion_reason',
      'c.parent_chat_id',
      'c.previous_chat_id',
      'c.tags',
      'c.priority',
      'child.id as child_chat_id',
      'p.mobile_phone',
      'p.email',
      'd.text as draft_text',
      'd.file_ids as draft_file_ids',
    ])
    .where('c.id', '=', row.id)
    .orderBy('child.id', 'desc')
    .limit(1)
    .executeTakeFirstOrThrow()
  const limits = details.limitsOf(row.channel_kind)
  const windowEnd =
    limits.replyWindowHours === null || row.last_customer_message_at === null
      ? null
      : new Date(row.last_customer_message_at.getTime() + limits.replyWindowHours * hourMs)
  return {
    ...toTile(row, agentId),
    contactProfile: [
      { field: 'channel', label: 'Channel', value: row.channel_name },
      { field: 'mobilePhone', label: 'Mobile phone', value: more.mobile_phone },
      { field: 'email', label: 'Email', value: more.email },
    ],
    acceptedAt: more.accepted_at?.toISOString() ?? null,
    completedAt: more.completed_at?.toISOString() ?? null,
    completionReason: more.completion_reason,
    parentChatId: more.parent_chat_id,
    previousChatId: more.previous_chat_id,
    tags: more.tags,
    priority: more.priority,
    childChatId: more.child_chat_id,
    translation: null,
    actions: await details.actions(db, row.queue_id),
    draft: more.draft_text === null ? null : { text: more.draft_text, fileIds: more.draft_file_ids ?? [] },
    restrictions: {
      maxLength: limits.maxTextLength,
      maxFiles: limits.maxFilesPerMessage,
      maxFileSize: limits.maxFileBytes,
      replyWindowEndsAt: windowEnd?.toISOString() ?? null,
    },
  }
}
