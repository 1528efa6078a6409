import { defineJob } from '../../platform/jobs/jobs.ts'

/** Takes up queues that a crash left with waiting chats to be offered; run every few seconds. */
export const routingSweep = defineJob<Record<string, never>>('routing.sweep', { concurrency: 1, attempts: 1, backoffMs: 0 })
