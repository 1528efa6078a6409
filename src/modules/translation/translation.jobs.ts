import { defineJob } from '../../platform/jobs/jobs.ts'

/** Translates what a customer wrote. */
export const translationRun = defineJob<{ chatId: string }>('translation.run', { concurrency: 4, attempts: 5, backoffMs: 2_000 })

/** Finds translations whose job was lost. */
export const translationSweep = defineJob<Record<string, never>>('translation.sweep', { concurrency: 1, attempts: 1, backoffMs: 0 })
