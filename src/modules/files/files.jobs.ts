import { defineJob } from '../../platform/jobs/jobs.ts'

/** Fetches one file of a customer from its provider. When it fails for now, the file itself says when the next try is due. */
export const mediaFetch = defineJob<{ fileId: string }>('media.fetch', { concurrency: 8, attempts: 3, backoffMs: 2_000 })

/** Finds files whose job was lost. */
export const mediaSweep = defineJob<Record<string, never>>('media.sweep', { concurrency: 1, attempts: 1, backoffMs: 0 })

/** Removes uploads that belong to nothing. */
export const filesSweep = defineJob<Record<string, never>>('files.sweep', { concurrency: 1, attempts: 1, backoffMs: 0 })
