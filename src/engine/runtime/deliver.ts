import type { FlowNode } from '../model/types.ts'
import type { Delivery } from '../types.ts'
import { behaviourOf } from './behaviour.ts'
import { throwError } from './errors.ts'
import { fireBoundary, keepListening, passEvent, startEventSubProcess } from './events.ts'
import { type Execution, eachExecution, type Subscription, subscribedNode, type Variables } from './execution.ts'
import { remove } from './lifecycle.ts'
import type { Run } from './run.ts'
import { armEventSubProcesses } from './subscriptions.ts'

interface Target {
  owner: Execution
  subscription: Subscription
}

/** Starts the process at one start event, or at the ones without a trigger. @throws StepError NOT_WAITING */
export function start(run: Run, root: Execution, elementId: string | null) {
  armEventSubProcesses(run, root)
  if (elementId === null) {
    const starts = root.model.root.starts
    if (starts.length === 0) throw run.error('NOT_WAITING', `"${root.model.name}" has no start event without a trigger`)
    for (const node of starts) run.move(node, root)
    return
  }
  const node = root.model.root.nodes.find(({ id, type }) => id === elementId && type === 'StartEvent')
  if (!node) throw run.error('NOT_WAITING', `"${root.model.name}" has no start event "${elementId}"`, { elementId })
  run.move(node, root)
}

/**
 * Hands a delivery to everything that waited for it when the step began; a wait that an earlier one
 * cancels (an interrupting boundary event) does not get it.
 * @throws StepError NOT_WAITING
 */
export function deliver(run: Run, root: Execution, delivery: Delivery) {
  const targets = findTargets(root, delivery)
  if (targets.length === 0) throw run.error('NOT_WAITING', `The instance does not wait for ${describe(delivery)}`)
  for (const { owner, subscription } of targets) {
    if (owner.ended || !owner.subscriptions.includes(subscription)) continue
    if (delivery.kind === 'task.failed') throwError(run, owner, delivery.code, delivery.message)
    else trigger(run, owner, subscription, outputsOf(delivery))
  }
}

function outputsOf(delivery: Delivery): Variables {
  if (delivery.kind === 'task.completed') return delivery.outputs
  return delivery.kind === 'form.completed' ? delivery.variables : {}
}

function findTargets(root: Execution, delivery: Delivery): Target[] {
  const targets: Target[] = []
  for (const owner of eachExecution(root)) {
    for (const subscription of owner.subscriptions) if (matches(subscription, delivery)) targets.push({ owner, subscription })
  }
  return targets
}

function matches(subscription: Subscription, delivery: Delivery): boolean {
  switch (delivery.kind) {
    case 'start':
      return false
    case 'message': {
      const isNamed = subscription.kind === 'message' && subscription.eventName === delivery.eventName
      return isNamed && (delivery.waitId === undefined || subscription.id === delivery.waitId)
    }
    case 'signal':
      return subscription.kind === 'signal' && subscription.eventName === delivery.eventName
    case 'timer':
      return subscription.kind === 'timer' && subscription.id === delivery.waitId
    case 'task.completed':
    case 'task.failed':
      return subscription.kind === 'task' && subscription.id === delivery.waitId
    case 'form.completed':
      return subscription.kind === 'form' && subscription.id === delivery.waitId
  }
}

function describe(delivery: Delivery): string {
  if (delivery.kind === 'start') return 'a start: it runs already'
  return 'eventName' in delivery ? `the ${delivery.kind} "${delivery.eventName}"` : `${delivery.kind} at "${delivery.waitId}"`
}

function trigger(run: Run, owner: Execution, subscription: Subscription, outputs: Variables) {
  const payload = run.scope.event
  const node = subscribedNode(owner, subscription)
  if (!node) throw run.error('ENGINE_FAILED', `The definition has no "${subscription.nodeId}"`)
  switch (subscription.role) {
    case 'self':
      owner.subscriptions = []
      return behaviourOf(run, node).occurred?.(run, owner, { subscription, outputs, payload })
    case 'gateway':
      return passGateway(run, owner, node)
    case 'boundary':
      if (!node.interrupting) keepListening(run, owner, subscription)
      return fireBoundary(run, owner, node, { payload })
    case 'event-sub-process':
      if (!node.interrupting) keepListening(run, owner, subscription)
      return startEventSubProcess(run, owner, node, { payload })
  }
}

/** The event after an event-based gateway that came first takes the token; the others are no longer waited for. */
function passGateway(run: Run, gateway: Execution, node: FlowNode) {
  const { parent } = gateway
  if (!parent) throw run.error('ENGINE_FAILED', 'A gateway stands in no process', { elementId: gateway.elementId })
  run.note('left', gateway)
  remove(gateway)
  passEvent(run, node, parent, { payload: run.scope.event })
}
