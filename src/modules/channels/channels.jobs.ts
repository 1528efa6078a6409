import { defineJob } from '../../platform/jobs/jobs.ts'

/** Sends what waits in one chat's outbox, in order. Several jobs of a chat do no harm: its lane is taken by one. */
export const deliveryRun = defineJob<{ chatId: string }>('delivery.run', { concurrency: 16, attempts: 3, backoffMs: 1_000 })

/** Finds outboxes whose job was lost. */
export const deliverySweep = defineJob<Record<string, never>>('delivery.sweep', { concurrency: 1, attempts: 1, backoffMs: 0 })
