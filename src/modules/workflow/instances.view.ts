import { type Kysely, sql } from 'kysely'
import type { ChatProcess, ProcessInstance } from '../../contracts/index.ts'
import type { Schema } from '../../schema.ts'
import { redact } from './values.ts'

type WaitView = ProcessInstance['waits'][number]

const followedColumn = sql<Date | null>`case w.chat_field when 'timeoutAt' then c.timeout_at when 'responseDueAt' then c.response_due_at else w.due_at end`

async function waitsByInstance(db: Kysely<Schema>, instanceIds: string[]): Promise<Map<string, WaitView[]>> {
  const found = new Map<string, WaitView[]>()
  if (instanceIds.length === 0) return found
  const rows = await db
    .selectFrom('process_waits as w')
    .leftJoin('chats as c', 'c.id', 'w.chat_id')
    .select(['w.instance_id', 'w.element_id', 'w.element_name', 'w.kind', 'w.event_name', followedColumn.as('due_at')])
    .where('w.instance_id', 'in', instanceIds)
    .orderBy('w.element_id')
    .execute()
  for (const row of rows) {
    const wait = {
      elementId: row.element_id,
      elementName: row.element_name,
      kind: row.kind,
      eventName: row.event_name,
      dueAt: row.kind === 'timer' ? (row.due_at?.toISOString() ?? null) : null,
    }
    found.set(row.instance_id, [...(found.get(row.instance_id) ?? []), wait])
  }
  return found
}

/** What one instance waits for. */
export async function waitsOf(db: Kysely<Schema>, instanceId: string): Promise<WaitView[]> {
  return (await waitsByInstance(db, [instanceId])).get(instanceId) ?? []
}

export interface InstanceFilter {
  id?: string | undefined
  chatId?: string | undefined
  key?: string | undefined
  version?: number | undefined
  state?: 'running' | 'completed' | 'cancelled' | 'incident' | undefined
  /** Only instances with a token at this element. */
  element?: string | undefined
  before?: string | undefined
  limit: number
}

/** Instances newest first, with waits and open incident; three statements whatever the page's length. */
export async function listInstances(db: Kysely<Schema>, filter: InstanceFilter): Promise<ProcessInstance[]> {
  let query = db
    .selectFrom('process_instances as i')
    .innerJoin('process_versions as v', (join) => join.onRef('v.key', '=', 'i.key').onRef('v.version', '=', 'i.version'))
    .select(['i.id', 'i.key', 'v.name', 'i.version', 'i.state', 'i.chat_id', 'i.variables', 'i.started_at', 'i.ended_at'])
  if (filter.id !== undefined) query = query.where('i.id', '=', filter.id)
  if (filter.chatId !== undefined) query = query.where('i.chat_id', '=', filter.chatId)
  if (filter.key !== undefined) query = query.where('i.key', '=', filter.key)
  if (filter.version !== undefined) query = query.where('i.version', '=', filter.version)
  if (filter.state !== undefined) query = query.where('i.state', '=', filter.state)
  if (filter.before !== undefined) query = query.where('i.id', '<', filter.before)
  const { element } = filter
  if (element !== undefined) {
    query = query.where((eb) =>
      eb.exists(
        eb.selectFrom('process_waits as w').select('w.wait_id').whereRef('w.instance_id', '=', 'i.id').where('w.element_id', '=', element),
      ),
    )
  }
  const rows = await query.orderBy('i.id', 'desc').limit(filter.limit).execute()
  const ids = rows.map((row) => row.id)
  const waits = await waitsByInstance(db, ids)
  const incidents =
    ids.length === 0
      ? []
      : await db.selectFrom('process_incidents').selectAll().where('instance_id', 'in', ids).where('resolved_at', 'is', null).execute()
  return rows.map((row) => {
    const incident = incidents.find((item) => item.instance_id === row.id)
    return {
      id: row.id,
      key: row.key,
      name: row.name,
      version: row.version,
      state: row.state,
      chatId: row.chat_id,
      variables: redact(row.variables),
      waits: waits.get(row.id) ?? [],
      startedAt: row.started_at.toISOString(),
      endedAt: row.ended_at?.toISOString() ?? null,
      incident: incident
        ? {
            id: incident.id,
            elementId: incident.element_id,
            code: incident.code,
            message: incident.message,
            at: incident.created_at.toISOString(),
          }
        : null,
    }
  })
}

export type LogView = ChatProcess['instances'][number]['log'][number]

/** The step log of instances, oldest first, at most `limit` entries an instance. */
export async function listLog(db: Kysely<Schema>, instanceIds: string[], limit: number): Promise<Map<string, LogView[]>> {
  const found = new Map<string, LogView[]>()
  if (instanceIds.length === 0) return found
  const rows = await sql<{
    id: string
    instance_id: string
    element_id: string
    element_name: string
    element_type: string
    kind: string
    inputs: unknown
    outputs: unknown
    attempt: number
    message: string | null
    at: Date
    duration_ms: number | null
  }>`
    select l.*, case when l.kind in ('left', 'discarded', 'error') then
      extract(epoch from l.at - e.at) * 1000 + l.at_ms - e.at_ms end as duration_ms
    from unnest(${sql.val(instanceIds)}::bigint[]) as i(id)
    cross join lateral (select * from process_log where instance_id = i.id order by id desc limit ${limit}) l
    left join lateral (select at, at_ms from process_log e where e.instance_id = l.instance_id and e.execution_id = l.execution_id and e.kind = 'entered' and e.id < l.id order by e.id limit 1) e on true
    order by l.id`.execute(db)
  for (const row of rows.rows) {
    const entry = {
      id: row.id,
      elementId: row.element_id,
      elementName: row.element_name,
      elementType: row.element_type,
      kind: row.kind,
      at: row.at.toISOString(),
      durationMs: row.duration_ms === null ? null : Number(row.duration_ms),
      inputs: row.inputs,
      outputs: row.outputs,
      attempt: row.attempt,
      message: row.message,
    }
    found.set(row.instance_id, [...(found.get(row.instance_id) ?? []), entry])
  }
  return found
}

/** Everything the processes of a chat did and wait for. */
export async function describeChatProcess(db: Kysely<Schema>, chatId: string): Promise<Pick<ChatProcess, 'instances'>> {
  const instances = await listInstances(db, { chatId, limit: 100 })
  const logs = await listLog(
    db,
    instances.map((instance) => instance.id),
    200,
  )
  return { instances: instances.map((instance) => ({ ...instance, log: logs.get(instance.id) ?? [] })) }
}
