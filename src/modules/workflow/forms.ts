import type { Kysely } from 'kysely'
import type { Schema } from '../../schema.ts'

export interface FormWait {
  waitId: string
  chatId: string | null
  /** form-js schema. */
  schema: unknown
  data: Record<string, unknown>
}

/** The form an instance waits for, with its schema from the instance's version; undefined when it waits for none. */
export async function readFormWait(db: Kysely<Schema>, instanceId: string): Promise<FormWait | undefined> {
  const row = await db
    .selectFrom('process_waits as w')
    .innerJoin('process_instances as i', 'i.id', 'w.instance_id')
    .innerJoin('process_versions as v', (join) => join.onRef('v.key', '=', 'i.key').onRef('v.version', '=', 'i.version'))
    .select(['w.wait_id', 'w.chat_id', 'w.form_id', 'w.task', 'v.forms'])
    .where('w.instance_id', '=', instanceId)
    .where('w.kind', '=', 'form')
    .orderBy('w.wait_id')
    .limit(1)
    .executeTakeFirst()
  if (!row) return undefined
  const data = (row.task as { inputs?: Record<string, unknown> } | null)?.inputs ?? {}
  return { waitId: row.wait_id, chatId: row.chat_id, schema: row.form_id === null ? null : (row.forms[row.form_id] ?? null), data }
}
