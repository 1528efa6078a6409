import { type Kysely, sql } from 'kysely'
import type { Schema } from '../../schema.ts'

export interface AbandonedChat {
  chatId: string
  queueId: string
}

/**
 * Chats in progress whose owner has been away (logged out, lost, disabled) for as long as their queue waits. An agent
 * who only switched to inactive and is still logged in works on its chats, and keeps them.
 */
export async function findAbandonedChats(db: Kysely<Schema>, now: Date, limit: number): Promise<AbandonedChat[]> {
  const result = await sql<{ id: string; queue_id: string }>`
    select c.id, c.queue_id
    from queues q
    join chats c on c.queue_id = q.id and c.status = 'in_progress'
    join agent_status_periods p on p.agent_id = c.agent_id and p.ended_at is null and p.status = 'inactive'
    where q.requeue_minutes is not null and (p.cause in ('logout', 'disconnected', 'session_expired', 'sessions_ended', 'disabled')
        or not exists (select 1 from sessions s where s.agent_id = c.agent_id and s.expires_at > ${now}))
      and p.started_at <= ${now}::timestamptz - minutes(q.requeue_minutes)
    order by c.id limit ${limit}`.execute(db)
  return result.rows.map((row) => ({ chatId: row.id, queueId: row.queue_id }))
}
