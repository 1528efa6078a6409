import type { ParleyWork } from '../../schema.ts'

/**
 * Records an administrative act in its own transaction, so that there is no act without its record. `agentId` null is
 * the system itself; `action` is `noun.verb_past`, `subject` names the thing as `noun:id`; `details` hold no secrets.
 */
export async function audit(
  work: ParleyWork,
  agentId: string | null,
  action: string,
  subject: string,
  details: Record<string, unknown> = {},
): Promise<void> {
  await work.trx
    .insertInto('audit_log')
    .values({ at: work.now, agent_id: agentId, action, subject, details: JSON.stringify(details) })
    .execute()
}
