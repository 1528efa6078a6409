import { type Kysely, sql } from 'kysely'
import type { StepResult, Wait } from '../../engine/index.ts'
import type { Schema } from '../../schema.ts'
import type { InstanceRow } from './instances.repo.ts'
import { encodeValue, redact } from './values.ts'

/** Chat columns that a timer may follow without the engine. */
const followedFields = new Set(['timeoutAt', 'responseDueAt'])

function waitRow(wait: Wait) {
  const base = {
    waitId: wait.id,
    kind: wait.kind,
    elementId: wait.elementId,
    elementName: wait.elementName,
    elementType: wait.elementType,
    attachedToId: wait.attachedToId,
  }
  switch (wait.kind) {
    case 'message':
    case 'signal':
      return { ...base, eventName: wait.eventName }
    case 'timer': {
      const followed = /^=\s*chat\.(\w+)\s*$/.exec(wait.timer.expression)?.[1]
      const chatField = followed !== undefined && followedFields.has(followed) ? followed : null
      const { dueAt, ...timer } = wait.timer
      return {
        ...base,
        timer: { ...timer, armedFor: dueAt?.toISOString() ?? null },
        chatField,
        dueAt: chatField === null ? dueAt : null,
      }
    }
    case 'task':
      return {
        ...base,
        task: { taskType: wait.taskType, inputs: encodeValue(wait.inputs), headers: wait.headers, retries: wait.retries },
      }
    case 'form':
      return { ...base, formId: wait.formId, task: { inputs: encodeValue(wait.inputs) } }
  }
}

/**
 * Due times of computed timers that were re-armed since the engine armed them. The engine does not know: it reports a
 * wait with the time it computed first, and saving that would undo the re-arming.
 */
async function rearmedTimes(db: Kysely<Schema>, instanceId: string): Promise<Map<string, Date | null>> {
  const rows = await db
    .selectFrom('process_waits')
    .select(['wait_id', 'timer', 'due_at'])
    .where('instance_id', '=', instanceId)
    .where('kind', '=', 'timer')
    .where('chat_field', 'is', null)
    .execute()
  return new Map(rows.map((row) => [armedKey(row.wait_id, (row.timer as { armedFor?: string | null }).armedFor ?? null), row.due_at]))
}

const armedKey = (waitId: string, armedFor: string | null) => `${waitId} ${armedFor}`

/** Stores what a step left behind: state, variables, waits and log. */
export async function saveStep(db: Kysely<Schema>, instance: InstanceRow, result: StepResult, attempt: number, now: Date): Promise<void> {
  const state = result.outcome === 'completed' ? 'completed' : 'running'
  const isRearmed = result.waits.some((wait) => wait.kind === 'timer' && wait.timer.reads.length > 0)
  const rearmed = isRearmed ? await rearmedTimes(db, instance.id) : new Map<string, Date | null>()
  const waits = JSON.stringify(
    result.waits.map((wait) => {
      const row = waitRow(wait)
      if (wait.kind === 'task') return { ...row, dueAt: now }
      if (!('chatField' in row) || row.chatField !== null || row.timer.reads.length === 0) return row
      const key = armedKey(row.waitId, row.timer.armedFor)
      return rearmed.has(key) ? { ...row, dueAt: rearmed.get(key) } : row
    }),
  )
  const log = JSON.stringify(result.log.map((entry) => ({ ...entry, inputs: redact(entry.inputs), outputs: redact(entry.outputs) })))
  await sql`select save_step(${instance.id}, ${instance.chat_id}, ${state}, ${JSON.stringify(encodeValue(result.variables))}, ${result.state}, ${waits}, ${log}, ${attempt}, ${now})`.execute(
    db,
  )
}
