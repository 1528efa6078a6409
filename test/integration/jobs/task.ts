import { defineJob } from '../../../src/platform/jobs/jobs.ts'

/** The job that several processes of a test share. */
export const task = defineJob<{ readonly what: string }>('task.do', { concurrency: 3, attempts: 2, backoffMs: 10 })
