import type { FlowNode } from '../model/types.ts'
import { nextDue } from '../timer.ts'
import type { Execution, Subscription, TimerSubscription, Variables } from './execution.ts'
import { begin, cancel, cancelInside, leave } from './lifecycle.ts'
import type { Run } from './run.ts'
import { armEventSubProcesses } from './subscriptions.ts'
import { applyOutputs } from './variables.ts'

/** What an event brings along: the payload of a message, and names an error adds. */
export interface EventData {
  payload: Variables | null
  locals?: Variables
}

/** An event that just happened: it is entered and left at once, its output mappings applied. */
export function passEvent(run: Run, node: FlowNode, scope: Execution, data: EventData) {
  leaveEvent(run, begin(run, node, scope), data)
}

/** Leaves an event, applying its output mappings. */
export function leaveEvent(run: Run, execution: Execution, data: EventData) {
  const outputs = applyOutputs(run, execution, data.locals ?? {}, { merge: false, payload: data.payload })
  leave(run, execution, Object.keys(outputs).length > 0 ? { outputs } : {})
}

/** A boundary event fires: an interrupting one ends its activity first. */
export function fireBoundary(run: Run, host: Execution, boundary: FlowNode, data: EventData) {
  const scope = host.parent
  if (!scope) throw run.error('ENGINE_FAILED', 'A process has no boundary', { elementId: boundary.id })
  if (boundary.interrupting || boundary.events.some(({ kind }) => kind === 'error')) cancel(run, host)
  passEvent(run, boundary, scope, data)
}

/** An event sub-process starts inside its scope: an interrupting one ends everything else there. */
export function startEventSubProcess(run: Run, scope: Execution, start: FlowNode, data: EventData) {
  const node = scope.model.nodes.get(start.scopeId)
  if (!node) throw run.error('ENGINE_FAILED', `"${start.name}" is in no event sub-process`, { elementId: start.id })
  if (start.interrupting || start.events.some(({ kind }) => kind === 'error')) {
    cancelInside(run, scope)
    scope.subscriptions = scope.subscriptions.filter(({ role }) => role !== 'event-sub-process')
  }
  const execution = begin(run, node, scope)
  execution.locals = {}
  armEventSubProcesses(run, execution)
  passEvent(run, start, execution, data)
}

/** After a non-interrupting event fired: messages and signals stay; a timer is armed again when it repeats. */
export function keepListening(run: Run, owner: Execution, subscription: Subscription) {
  if (subscription.kind !== 'timer') return
  const next = rearmed(run, subscription)
  owner.subscriptions = owner.subscriptions.flatMap((other) => (other === subscription ? next : [other]))
}

function rearmed(run: Run, subscription: TimerSubscription): TimerSubscription[] {
  const { timer, period } = subscription
  const remaining = timer.remaining === null ? null : timer.remaining - 1
  if (!period || remaining === 0) return []
  const dueAt = run.expression(subscription.nodeId, () => nextDue(timer.dueAt ?? run.scope.now, period))
  // A new id, so that a wake-up delivered twice does not fire the next one.
  return [{ ...subscription, id: run.nextId(subscription.nodeId), timer: { ...timer, dueAt, remaining } }]
}
