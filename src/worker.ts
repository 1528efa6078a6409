import type { Container } from './container.ts'
import { idempotencySweep, presenceSweep } from './jobs.ts'
import { channelWatch, deliveryRun, deliverySweep, profileFetch } from './modules/channels/index.ts'
import { filesSweep, mediaFetch, mediaSweep } from './modules/files/index.ts'
import { findAbandonedChats, routingSweep } from './modules/routing/index.ts'
import { translationRun, translationSweep } from './modules/translation/index.ts'
import { chatWake, findLeftovers, processSweep, taskRun } from './modules/workflow/index.ts'
import { sweepIdempotencyKeys } from './platform/http/idempotency.ts'
import { bindJob, type JobBinding } from './platform/jobs/jobs.ts'

/** How often sweepers look for what a crash or a lost job left behind, in milliseconds. */
const sweepEveryMs = 3_000
const presenceEveryMs = 5_000
const translationEveryMs = 15_000
const idempotencyEveryMs = 3_600_000
const filesEveryMs = 3_600_000
const channelsEveryMs = 30_000

function bindings(container: Container): JobBinding[] {
  const { host, remoteTasks, delivery, database, clock, config, agents, files } = container
  return [
    bindJob(chatWake, ({ chatId }) => host.wake(chatId)),
    bindJob(taskRun, ({ instanceId, waitId }, { signal }) => remoteTasks.run(instanceId, waitId, signal)),
    bindJob(deliveryRun, ({ chatId }, { signal }) => delivery.run(chatId, signal)),
    bindJob(deliverySweep, async () => {
      for (const chatId of await delivery.overdueLanes()) container.outlets.deliverSoon(chatId)
    }),
    bindJob(profileFetch, (target) => container.profiles.fetch(target)),
    bindJob(channelWatch, async () => {
      await container.channelHealth.watch()
      for (const target of await container.profiles.missing()) container.outlets.fetchProfile(target)
    }),
    bindJob(processSweep, async () => {
      const leftovers = await findLeftovers(database, clock)
      for (const chatId of leftovers.facts) container.outlets.advanceSoon(chatId)
      for (const chatId of leftovers.due) container.outlets.wakeAt(chatId, clock.now())
      for (const { instanceId, waitId } of leftovers.tasks) container.outlets.runTask(instanceId, waitId)
    }),
    bindJob(mediaFetch, ({ fileId }, { signal }) => files.media.run(fileId, signal)),
    bindJob(mediaSweep, async () => {
      for (const fileId of await files.media.overdue()) container.outlets.fetchAt(fileId, clock.now())
    }),
    bindJob(filesSweep, () => files.service.sweep()),
    bindJob(translationRun, ({ chatId }, { signal }) => container.translation.run(chatId, signal)),
    bindJob(translationSweep, async () => {
      for (const chatId of await container.translation.lateChats()) container.outlets.translateSoon(chatId)
    }),
    bindJob(routingSweep, async () => {
      await container.routing.sweep()
      for (const { chatId, queueId } of await findAbandonedChats(database.db, clock.now(), 50))
        await container.chatRouteDeps.chats.requeue(chatId, queueId)
    }),
    bindJob(idempotencySweep, async () => {
      await sweepIdempotencyKeys(database, clock.now())
    }),
    bindJob(presenceSweep, () => agents.sweepPresence(clock.now(), config.presenceGraceMs)),
  ]
}

/** Starts the job workers. @throws Error when a job has no handler, or a handler no job */
export async function startWorker(container: Container): Promise<void> {
  await container.jobs.startWorkers(bindings(container))
  await container.jobs.repeat(processSweep, {}, sweepEveryMs)
  await container.jobs.repeat(deliverySweep, {}, sweepEveryMs)
  await container.jobs.repeat(channelWatch, {}, channelsEveryMs)
  await container.jobs.repeat(mediaSweep, {}, sweepEveryMs)
  await container.jobs.repeat(filesSweep, {}, filesEveryMs)
  await container.jobs.repeat(routingSweep, {}, sweepEveryMs)
  await container.jobs.repeat(translationSweep, {}, translationEveryMs)
  await container.jobs.repeat(presenceSweep, {}, presenceEveryMs)
  await container.jobs.repeat(idempotencySweep, {}, idempotencyEveryMs)
}
