import { type Kysely, sql } from 'kysely'
import type { SearchHit } from '../../contracts/index.ts'
import type { Schema } from '../../schema.ts'

export interface MessageSearch {
  q: string
  limit: number
  /** Id of the last message of the page before. */
  before: string | null
  /** Null = everything; else chats of these queues and the agent's own. */
  visibleTo: { agentId: string; queueIds: readonly string[] } | null
}

/** Messages that hold the words, newest first. Words are matched whole and in any order; "…" is a phrase, - excludes. */
export async function searchMessages(db: Kysely<Schema>, search: MessageSearch): Promise<SearchHit[]> {
  const { q, limit, before, visibleTo } = search
  const result = await sql<{
    chat_id: string
    number: number
    contact_id: string
    contact_name: string
    id: string
    direction: SearchHit['direction']
    snippet: string
    at: Date
  }>`
    with hits as materialized (
      select m.id, m.chat_id, m.direction, m.text, m.at, c.number, c.contact_id from messages m join chats c on c.id = m.chat_id
      where to_tsvector('simple', m.text) @@ websearch_to_tsquery('simple', ${q})
        and m.text is not null and m.direction in ('incoming', 'outgoing', 'note')
        and (${before}::bigint is null or m.id < ${before})
        and (${visibleTo === null} or c.agent_id = ${visibleTo?.agentId ?? null}::bigint or c.queue_id = any (${sql.val([...(visibleTo?.queueIds ?? [])])}::bigint[]))
      order by m.id desc limit ${limit})
    select h.*, p.name as contact_name,
      ts_headline('simple', h.text, websearch_to_tsquery('simple', ${q}), ${`StartSel=${'\u0002'}, StopSel=${'\u0003'}, MaxFragments=1, MaxWords=24, MinWords=8`}) as snippet
    from hits h join contacts p on p.id = h.contact_id order by h.id desc`.execute(db)
  return result.rows.map((row) => ({
    chatId: row.chat_id,
    chatNumber: row.number,
    contact: { id: row.contact_id, name: row.contact_name },
    messageId: row.id,
    direction: row.direction,
    snippet: row.snippet,
    at: row.at.toISOString(),
  }))
}
