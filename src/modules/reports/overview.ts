import { type Kysely, sql } from 'kysely'
import type { ChatFigures, ReportOverview } from '../../contracts/index.ts'
import type { Schema } from '../../schema.ts'

export interface ReportFilter {
  /** Until when a status that still holds is counted. */
  now: Date
  from: Date
  to: Date
  queueId: string | null
  agentId: string | null
}

interface Row {
  grp: 'total' | 'queue' | 'agent' | 'channel' | 'day'
  id: string | null
  name: string | null
  chats: number
  completed: number
  waiting: number
  transfers: number
  overdue: number
  first_response: number | null
  ongoing: number | null
  wait: number | null
  handle: number | null
  failures: number
}

const figures = (row: Row): ChatFigures => ({
  chats: row.chats,
  completed: row.completed,
  waiting: row.waiting,
  transfers: row.transfers,
  overdueShare: row.chats === 0 ? 0 : row.overdue / row.chats,
  firstResponseSeconds: row.first_response,
  ongoingResponseSeconds: row.ongoing,
  waitSeconds: row.wait,
  handleSeconds: row.handle,
  deliveryFailures: row.failures,
})

const nothing: ChatFigures = figures({
  grp: 'total',
  id: null,
  name: null,
  chats: 0,
  completed: 0,
  waiting: 0,
  transfers: 0,
  overdue: 0,
  first_response: null,
  ongoing: null,
  wait: null,
  handle: null,
  failures: 0,
})

/** Counts the chats created in [from, to) in one pass over that period's chats, whatever the number of messages. */
export async function readOverview(db: Kysely<Schema>, filter: ReportFilter): Promise<ReportOverview> {
  const { from, to, queueId, agentId } = filter
  const result = await sql<Row>`
    with period as (
      select c.*, (c.created_at at time zone 'UTC')::date as day from chats c
      where c.created_at >= ${from} and c.created_at < ${to}
        and (${queueId}::bigint is null or c.queue_id = ${queueId}) and (${agentId}::bigint is null or c.agent_id = ${agentId})
    ), counted as (
      select
        grouping(queue_id) as no_queue, grouping(agent_id) as no_agent, grouping(channel_id) as no_channel, grouping(day) as no_day,
        queue_id, agent_id, channel_id, day,
        count(*)::int as chats,
        count(*) filter (where status = 'completed')::int as completed,
        count(*) filter (where status = 'waiting')::int as waiting,
        count(*) filter (where completion_reason = 'transfer')::int as transfers,
        count(*) filter (where overdue_count > 0)::int as overdue,
        avg(extract(epoch from first_agent_message_at - created_at))::float8 as first_response,
        (sum(response_seconds) / nullif(sum(responses), 0))::float8 as ongoing,
        avg(extract(epoch from accepted_at - created_at))::float8 as wait,
        avg(extract(epoch from completed_at - accepted_at))::float8 as handle,
        sum(delivery_failures)::int as failures
      from period group by grouping sets ((), (queue_id), (agent_id), (channel_id), (day))
    )
    select
      case when no_queue = 0 then 'queue' when no_agent = 0 then 'agent' when no_channel = 0 then 'channel' when no_day = 0 then 'day' else 'total' end as grp,
      coalesce(k.queue_id::text, k.agent_id::text, k.channel_id::text, k.day::text) as id,
      coalesce(q.name, a.name, n.name) as name,
      chats, completed, waiting, transfers, overdue, first_response, ongoing, wait, handle, coalesce(failures, 0) as failures
    from counted k
    left join queues q on q.id = k.queue_id left join agents a on a.id = k.agent_id left join channels n on n.id = k.channel_id
    order by grp, name, id`.execute(db)
  const of = (grp: Row['grp']) => result.rows.filter((row) => row.grp === grp && row.id !== null)
  const named = (row: Row) => ({ id: row.id ?? '', name: row.name ?? '', ...figures(row) })
  const total = result.rows.find((row) => row.grp === 'total')
  const active = await readActiveSeconds(db, filter)
  const agents = new Map(of('agent').map((row) => [row.id ?? '', named(row)]))
  for (const [id, { name }] of active) if (!agents.has(id)) agents.set(id, { id, name, ...nothing })
  return {
    from: from.toISOString(),
    to: to.toISOString(),
    totals: total ? figures(total) : nothing,
    byQueue: of('queue').map(named),
    byAgent: [...agents.values()].map((agent) => ({ ...agent, activeSeconds: active.get(agent.id)?.seconds ?? 0 })),
    byChannel: of('channel').map(named),
    byDay: of('day').map((row) => ({ day: row.id ?? '', ...figures(row) })),
  }
}

/** How long each agent was active within the period; a status that still holds counts until now, at most until its end. */
async function readActiveSeconds(
  db: Kysely<Schema>,
  { now, from, to, agentId, queueId }: ReportFilter,
): Promise<Map<string, { name: string; seconds: number }>> {
  const result = await sql<{ id: string; name: string; seconds: number }>`
    select a.id, a.name, sum(extract(epoch from least(coalesce(p.ended_at, ${now}::timestamptz), ${to}::timestamptz) - greatest(p.started_at, ${from}::timestamptz)))::float8 as seconds
    from agent_status_periods p join agents a on a.id = p.agent_id
    where p.status = 'active' and p.started_at < ${to} and coalesce(p.ended_at, ${now}::timestamptz) > ${from}
      and (${agentId}::bigint is null or a.id = ${agentId})
      and (${queueId}::bigint is null or exists (select 1 from queue_agents m where m.agent_id = a.id and m.queue_id = ${queueId})
        or exists (select 1 from queues q where q.id = ${queueId} and q.all_agents))
    group by a.id, a.name`.execute(db)
  return new Map(result.rows.map(({ id, name, seconds }) => [id, { name, seconds: Math.max(0, seconds) }]))
}
