import type { ElementBehaviour } from '../runtime/behaviour.ts'
import { holdAtJoin, isParallelJoinComplete, releaseJoin } from '../runtime/joins.ts'
import { leave } from '../runtime/lifecycle.ts'
import { eventNameOf, subscribeTo } from '../runtime/subscriptions.ts'
import { nodeOf } from './node.ts'

/** Takes the first outgoing flow whose condition holds, else the default flow. */
export const exclusiveGateway: ElementBehaviour = { enter: (run, execution) => leave(run, execution) }

/** Waits for a token on every incoming flow, then takes every outgoing flow. */
export const parallelGateway: ElementBehaviour = {
  admit(_run, node, scope, flowId) {
    if (node.incoming.length < 2) return true
    holdAtJoin(scope, node, flowId)
    if (!isParallelJoinComplete(scope, node)) return false
    releaseJoin(scope, node)
    return true
  },
  enter: (run, execution) => leave(run, execution),
}

/** Waits while another token can still come (see joins.ts), then takes every flow whose condition holds. */
export const inclusiveGateway: ElementBehaviour = {
  admit(_run, node, scope, flowId) {
    if (node.incoming.length < 2) return true
    holdAtJoin(scope, node, flowId)
    return false
  },
  enter: (run, execution) => leave(run, execution),
}

/** Waits for the events after it; the first one wins (see deliver.ts). */
export const eventBasedGateway: ElementBehaviour = {
  enter(run, execution) {
    const gateway = nodeOf(run, execution)
    for (const { target } of gateway.outgoing) {
      if (target.type === 'ReceiveTask') {
        const eventName = eventNameOf(run, execution, target, target.messageName)
        execution.subscriptions.push({ id: run.nextId(target.id), nodeId: target.id, role: 'gateway', kind: 'message', eventName })
      } else subscribeTo(run, execution, target, 'gateway')
    }
    run.note('waiting', execution)
  },
}
