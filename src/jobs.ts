import { channelWatch, deliveryRun, deliverySweep, profileFetch } from './modules/channels/index.ts'
import { filesSweep, mediaFetch, mediaSweep } from './modules/files/index.ts'
import { routingSweep } from './modules/routing/index.ts'
import { translationRun, translationSweep } from './modules/translation/index.ts'
import { chatWake, processSweep, taskRun } from './modules/workflow/index.ts'
import { defineJob, type Job } from './platform/jobs/jobs.ts'

/** Marks agents inactive whose connections or sessions are gone. */
export const presenceSweep = defineJob<Record<string, never>>('presence.sweep', { concurrency: 1, attempts: 1, backoffMs: 0 })

/** Forgets idempotency keys nobody will repeat any more. */
export const idempotencySweep = defineJob<Record<string, never>>('idempotency.sweep', { concurrency: 1, attempts: 1, backoffMs: 0 })

/** Every job of Parley; createJobs opens a queue for each, and the worker refuses to start without a handler for one. */
export const allJobs: readonly Job<unknown>[] = [
  chatWake,
  taskRun,
  processSweep,
  deliveryRun,
  deliverySweep,
  profileFetch,
  channelWatch,
  presenceSweep,
  idempotencySweep,
  routingSweep,
  translationRun,
  translationSweep,
  mediaFetch,
  mediaSweep,
  filesSweep,
]
