import { defineJob } from '../../platform/jobs/jobs.ts'

/** Wakes a chat at the time something of it is due. PostgreSQL holds the truth; the sweeper makes up for lost jobs. */
export const chatWake = defineJob<{ chatId: string }>('chat.wake', { concurrency: 4, attempts: 5, backoffMs: 500 })

/** Runs a remote task of a parked instance. Its retries are counted in process_waits, so the job itself is tried once. */
export const taskRun = defineJob<{ instanceId: string; waitId: string }>('task.run', { concurrency: 8, attempts: 1, backoffMs: 0 })

/** Picks up what a crash, a lost job or a flushed Redis left behind. */
export const processSweep = defineJob<Record<string, never>>('process.sweep', { concurrency: 1, attempts: 1, backoffMs: 0 })
