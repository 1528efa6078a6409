import type { Dispatcher } from 'undici'
import type { TaskTypeInfo } from './engine/index.ts'
import { caseTasks } from './modules/cases/index.ts'
import { type ChatStates, chatTasks, type MessageService } from './modules/chats/index.ts'
import { contactTasks } from './modules/contacts/index.ts'
import { notificationTasks, type PushNotification } from './modules/notifications/index.ts'
import { type RoutingService, routingTasks } from './modules/routing/index.ts'
import { templateTexts } from './modules/templates/index.ts'
import { type TranslationService, translationTasks } from './modules/translation/index.ts'
import { httpRequestTask, type RaiseEvent, type Task, TaskRegistry, workflowTasks } from './modules/workflow/index.ts'
import type { ParleyWork } from './schema.ts'

/** What the tasks of processes act on. */
export interface TaskDeps {
  states: ChatStates
  messages: MessageService
  routing: RoutingService
  raise: RaiseEvent
  /** Announces that the chat changed. */
  chatChanged(work: ParleyWork, chatId: string): Promise<void>
  notify: PushNotification
  translation: () => TranslationService
  /** Where `http.request` may go. */
  outbound: Dispatcher
}

/** Every task type that a diagram may name. */
export function collectTasks({ states, messages, routing, raise, chatChanged, notify, translation, outbound }: TaskDeps): Task[] {
  return [
    ...workflowTasks,
    ...chatTasks(states, messages, templateTexts),
    ...routingTasks(routing),
    ...contactTasks({ raise, chatChanged }),
    ...caseTasks(raise),
    ...notificationTasks(notify),
    ...translationTasks(translation),
    httpRequestTask(outbound),
  ]
}

/** What diagrams are checked against, for commands that have no database: the same tasks, of which none can run. */
export function describeTasks(): TaskTypeInfo[] {
  const cannotRun = (): never => {
    throw new Error('This task is only described; nothing is there that it could act on')
  }
  const absent = new Proxy({}, { get: cannotRun })
  const deps: TaskDeps = {
    states: absent as ChatStates,
    messages: absent as MessageService,
    routing: absent as RoutingService,
    raise: cannotRun,
    chatChanged: cannotRun,
    notify: cannotRun,
    translation: cannotRun,
    outbound: absent as Dispatcher,
  }
  return new TaskRegistry(collectTasks(deps)).describe()
}
