import type { Kysely } from 'kysely'
import type { Schema } from '../../schema.ts'

export interface FormWait {
  instanceId: string
  waitId: string
  chatId: string | null
  processKey: string
  /** Name of the user task. */
  name: string
  /** form-js schema; null for a user task without a form. */
  schema: unknown
  /** What the form starts with: the instance's variables and the task's inputs. */
  data: Record<string, unknown>
  startedAt: Date
}

/** The forms that running instances wait for, of one instance or of a chat, with their schemas from the instance's version. */
export async function listFormWaits(db: Kysely<Schema>, of: { instanceId: string } | { chatId: string }): Promise<FormWait[]> {
  const rows = await db
    .selectFrom('process_waits as w')
    .innerJoin('process_instances as i', 'i.id', 'w.instance_id')
    .innerJoin('process_versions as v', (join) => join.onRef('v.key', '=', 'i.key').onRef('v.version', '=', 'i.version'))
    .select([
      'w.instance_id',
      'w.wait_id',
      'w.chat_id',
      'w.element_name',
      'w.form_id',
      'w.task',
      'i.key',
      'i.variables',
      'i.started_at',
      'v.forms',
    ])
    .where((eb) => ('chatId' in of ? eb('w.chat_id', '=', of.chatId) : eb('w.instance_id', '=', of.instanceId)))
    .where('w.kind', '=', 'form')
    .where('i.state', '=', 'running')
    .orderBy('w.instance_id')
    .orderBy('w.wait_id')
    .execute()
  return rows.map((row) => ({
    instanceId: row.instance_id,
    waitId: row.wait_id,
    chatId: row.chat_id,
    processKey: row.key,
    name: row.element_name,
    schema: row.form_id === null ? null : (row.forms[row.form_id] ?? null),
    data: { ...row.variables, ...(row.task as { inputs?: Record<string, unknown> } | null)?.inputs },
    startedAt: row.started_at,
  }))
}
