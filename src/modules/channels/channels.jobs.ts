import { defineJob } from '../../platform/jobs/jobs.ts'
import type { ProfileTarget } from './profile.service.ts'

/** Sends what waits in one chat's outbox, in order. Several jobs of a chat do no harm: its lane is taken by one. */
export const deliveryRun = defineJob<{ chatId: string }>('delivery.run', { concurrency: 16, attempts: 3, backoffMs: 1_000 })

/** Finds outboxes whose job was lost. */
export const deliverySweep = defineJob<Record<string, never>>('delivery.sweep', { concurrency: 1, attempts: 1, backoffMs: 0 })

/** Fetches name and picture of a new customer. */
export const profileFetch = defineJob<ProfileTarget>('profile.fetch', { concurrency: 4, attempts: 6, backoffMs: 2_000 })

/** Asks providers whether channels still work, and looks for profiles whose job was lost. */
export const channelWatch = defineJob<Record<string, never>>('channel.watch', { concurrency: 1, attempts: 1, backoffMs: 0 })
