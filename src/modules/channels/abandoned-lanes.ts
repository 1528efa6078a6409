import type { ParleyDatabase } from '../../schema.ts'

/**
 * Gives back the lanes that a killed process still holds, so that its replies need not wait until the lease ends. Only
 * for a process that knows it is alone: another one's lane would be sent twice.
 */
export async function releaseAbandonedLanes(database: ParleyDatabase): Promise<void> {
  await database.db
    .updateTable('delivery_lanes')
    .set({ lease_until: null, lease_token: null })
    .where('lease_token', 'is not', null)
    .execute()
}
