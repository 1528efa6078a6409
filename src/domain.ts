import type { Dispatcher } from 'undici'
import type { Engine } from './engine/index.ts'
import {
  type AttachFiles,
  ChatStates,
  createScopeReader,
  type MessageOutlets,
  MessageService,
  overdueHandler,
} from './modules/chats/index.ts'
import type { PushNotification } from './modules/notifications/index.ts'
import { createRouting, isOpen } from './modules/routing/index.ts'
import { audit } from './modules/settings/index.ts'
import type { TranslationService } from './modules/translation/index.ts'
import { type ChatEvent, type HostOutlets, ProcessHost, type Task, TaskRegistry, VersionCache } from './modules/workflow/index.ts'
import type { Clock } from './platform/clock.ts'
import type { Logger } from './platform/log.ts'
import type { ParleyDatabase, ParleyWork } from './schema.ts'
import { collectTasks } from './tasks.ts'

export interface DomainOptions {
  database: ParleyDatabase
  clock: Clock
  log: Logger
  engine: Engine
  /** Jobs and pushes that follow a commit. */
  outlets: HostOutlets & MessageOutlets
  attachFiles: AttachFiles
  notify: PushNotification
  translation: () => TranslationService
  /** Where `http.request` may go. */
  outbound: Dispatcher
  /** Wraps the tasks of processes. */
  adaptTasks?: (tasks: Task[]) => Task[]
  /** Queues whose waiting chats this process offers anew; absent = all. */
  ownsQueue?: (queueId: string) => boolean
}

export type Domain = ReturnType<typeof createDomain>

/** Chats, their messages, routing and processes around one database: the same for the server and for the sandbox of a scenario. */
export function createDomain(options: DomainOptions) {
  const { database, clock, log, engine, outlets, notify, translation, outbound, adaptTasks = (tasks) => tasks } = options
  const raise = (work: ParleyWork, event: ChatEvent): Promise<void> => host.raise(work, event)
  const messages = new MessageService({ database, raise, outlets, attachFiles: options.attachFiles })
  const states = new ChatStates({ raise, messages, publish: outlets.publish })
  const chatChanged = (work: ParleyWork, chatId: string) => states.changed(work, chatId)
  const routing = createRouting({
    database,
    clock,
    log,
    raise,
    changed: chatChanged,
    audit,
    wakeAt: outlets.wakeAt,
    ...(options.ownsQueue ? { ownsQueue: options.ownsQueue } : {}),
  })
  const tasks = new TaskRegistry(
    adaptTasks(collectTasks({ states, messages, routing: routing.service, raise, chatChanged, notify, translation, outbound })),
  )
  const versions = new VersionCache()
  const scopes = createScopeReader(isOpen)
  const host: ProcessHost = new ProcessHost({ database, engine, tasks, scopes, versions, log, outlets })
  host.onDue(overdueHandler(states, raise))
  routing.register(host)
  return { messages, states, routing, tasks, versions, host, raise, chatChanged }
}
