import { type Kysely, sql } from 'kysely'
import type { Chat } from '../../contracts/index.ts'
import type { ParleyWork, Schema } from '../../schema.ts'

/** Quick actions: processes an agent starts from a chat. */
export class QuickActionService {
  /** The enabled actions of a queue whose process is active, in their order. */
  async listFor(db: Kysely<Schema>, queueId: string): Promise<Chat['actions']> {
    return db
      .selectFrom('quick_actions as a')
      .innerJoin('process_definitions as d', 'd.key', 'a.process_key')
      .select(['a.id', 'a.caption', 'a.icon'])
      .where('a.enabled', '=', true)
      .where('d.active_version', 'is not', null)
      .where((eb) => eb.or([eb('a.queue_ids', '=', sql<string[]>`'{}'`), eb(sql`${queueId}::bigint`, '=', sql`any (a.queue_ids)`)]))
      .orderBy('a.position')
      .orderBy('a.id')
      .execute()
  }

  /** Seeds the action of a shipped process once; what an administrator changed or deleted stays so. */
  async seed(work: ParleyWork, action: { processKey: string; caption: string; icon: string; position: number }): Promise<void> {
    await work.trx
      .insertInto('quick_actions')
      .values({ process_key: action.processKey, caption: action.caption, icon: action.icon, position: action.position })
      .execute()
  }
}
