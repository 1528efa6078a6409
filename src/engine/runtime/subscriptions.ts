import type { Names } from '../feel/evaluate.ts'
import type { EventDefinition, FlowNode, TimerSource } from '../model/types.ts'
import { computeDue, timerDue } from '../timer.ts'
import type { Execution, Subscription, TimerSubscription } from './execution.ts'
import type { Run } from './run.ts'
import { namesAt } from './variables.ts'

type Role = Subscription['role']

/** Subscribes to every event definition of an event node; which of them comes first wins. */
export function subscribeTo(run: Run, owner: Execution, node: FlowNode, role: Role, ownId?: string) {
  node.events.forEach((event, index) => {
    const id = ownId !== undefined && index === 0 ? ownId : run.nextId(node.id)
    const subscription = subscriptionFor(run, owner, node, event, { id, nodeId: node.id, role })
    if (subscription) owner.subscriptions.push(subscription)
  })
}

function subscriptionFor(
  run: Run,
  owner: Execution,
  node: FlowNode,
  event: EventDefinition,
  base: Pick<Subscription, 'id' | 'nodeId' | 'role'>,
): Subscription | null {
  switch (event.kind) {
    case 'message':
    case 'signal':
      return { ...base, kind: event.kind, eventName: eventName(run, namesFor(owner, base.role), node, event.name) }
    case 'timer':
      return armTimer(run, owner, event.timer, base)
    case 'error':
      // Errors look for their catcher when they are thrown.
      return null
    default:
      throw run.error('ENGINE_FAILED', `"${node.name}" cannot wait for ${event.kind === 'unsupported' ? event.type : event.kind}`, {
        elementId: node.id,
      })
  }
}

/** The name of a message or signal; a name that starts with "=" is FEEL. */
export function eventNameOf(run: Run, owner: Execution, node: FlowNode, name: string | null): string {
  return eventName(run, namesAt(owner), node, name)
}

function eventName(run: Run, names: Names, node: FlowNode, name: string | null): string {
  if (!name) throw run.error('ENGINE_FAILED', `"${node.name}" refers to no message or signal with a name`, { elementId: node.id })
  return run.text(name, names, node.id)
}

function armTimer(
  run: Run,
  owner: Execution,
  source: TimerSource,
  base: Pick<Subscription, 'id' | 'nodeId' | 'role'>,
): TimerSubscription | null {
  const due = run.expression(base.nodeId, () => computeDue(source, run.scope, namesFor(owner, base.role)))
  if (due.remaining === 0) return null
  return { ...base, kind: 'timer', timer: timerDue(source, due), period: due.period, armedAt: run.scope.now }
}

/** A timer that reads the chat follows it: at the end of each step its due time is read again. */
export function refreshTimer(run: Run, owner: Execution, subscription: TimerSubscription) {
  const { timer } = subscription
  if (timer.reads.length === 0 || timer.kind === 'cycle') return
  const scope = { ...run.scope, now: subscription.armedAt }
  const due = run.expression(subscription.nodeId, () => computeDue(timer, scope, namesFor(owner, subscription.role)))
  timer.dueAt = due.dueAt
}

/** What an event may read: one attached to a call activity does not see into the called process. */
function namesFor(owner: Execution, role: Role) {
  return namesAt(role === 'boundary' && owner.variables && owner.parent ? owner.parent : owner)
}

/** Starts listening for the events attached to an activity. */
export function armBoundaries(run: Run, host: Execution) {
  for (const boundary of host.node?.boundaries ?? []) subscribeTo(run, host, boundary, 'boundary')
}

/** Starts listening for the events that start event sub-processes inside a scope. */
export function armEventSubProcesses(run: Run, scope: Execution) {
  for (const { scope: inner } of scope.scope?.eventSubProcesses ?? []) {
    for (const start of inner.nodes) if (start.type === 'StartEvent') subscribeTo(run, scope, start, 'event-sub-process')
  }
}
