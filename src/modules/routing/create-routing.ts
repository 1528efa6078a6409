import type { Kysely } from 'kysely'
import type { Clock } from '../../platform/clock.ts'
import type { ParleyWork, Schema } from '../../schema.ts'
import type { ProcessHost } from '../workflow/index.ts'
import type { QueueRouteDeps } from './queues.routes.ts'
import { type Audit, QueueService } from './queues.service.ts'
import { type RoutingOptions, RoutingService } from './routing.service.ts'
import { routingTasks } from './routing.tasks.ts'
import { listDecisions, listTransferTargets, transferWarnings } from './routing.view.ts'

export interface CreateRoutingOptions extends RoutingOptions {
  clock: Clock
  audit: Audit
}

/** Changes of an agent, besides its status, that decide what it may be offered. */
const decisiveFields = new Set(['queueIds', 'maxChats', 'disabled'])

/** Builds the module's services and ties them together. */
export function createRouting(options: CreateRoutingOptions) {
  const routing = new RoutingService(options)
  const queues = new QueueService({ ...options, queueChanged: (work, queueId) => routing.queueChanged(work, queueId) })
  const settled = () => routing.settled()
  const routeDeps: QueueRouteDeps = { queues, settled }
  return {
    service: routing,
    queues,
    tasks: routingTasks(routing),
    routeDeps,
    /** Listens to what frees or takes capacity, and to offers falling due. Call while wiring. */
    register(host: Pick<ProcessHost, 'on' | 'onDue'>): void {
      host.on('chat.assigned', (work, event) => routing.chatAssigned(work, event))
      host.on('chat.completed', (work, event) => routing.chatCompleted(work, event))
      host.onDue((work, chat) => routing.expire(work, chat))
    },
    checkAcceptance: routing.checkAcceptance.bind(routing),
    decline: routing.decline.bind(routing),
    /**
     * Hook: the status is already changed. Who becomes inactive by choice, or by logging in again, keeps what everybody
     * was offered; any other cause means that nobody is there.
     */
    async agentStatusChanged(work: ParleyWork, agent: { id: string; status: 'active' | 'inactive' }, cause: string): Promise<void> {
      const gone = agent.status === 'inactive' && !['agent', 'supervisor', 'login'].includes(cause)
      await routing.agentChanged(work, agent.id, { gone })
    },
    /** Hook: the agent is already changed in these fields. */
    async agentChanged(work: ParleyWork, agent: { id: string; disabled: boolean }, fields: readonly string[]): Promise<void> {
      if (fields.some((field) => decisiveFields.has(field))) await routing.agentChanged(work, agent.id, { gone: agent.disabled })
    },
    listDecisions: (db: Kysely<Schema>, chatId: string) => listDecisions(db, chatId),
    listTransferTargets: (db: Kysely<Schema>, chatId: string, agentId: string) => listTransferTargets(db, chatId, agentId),
    transferWarnings: (db: Kysely<Schema>, target: { agentId: string | null; queueId: string | null }) => transferWarnings(db, target),
    /** Job `routing.sweep`: takes up what a crash left. */
    sweep: () => routing.sweep(options.clock.now()),
    /** Resolves when waiting chats have been offered anew after everything committed so far in this process. */
    settled,
  }
}

export type Routing = ReturnType<typeof createRouting>
