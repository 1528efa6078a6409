import type { Wait } from '../types.ts'
import { type Execution, eachExecution, type Subscription, subscribedNode } from './execution.ts'

/** Everything the tokens of an instance wait for. */
export function waitsOf(root: Execution): Wait[] {
  return [...eachExecution(root)].flatMap((owner) => owner.subscriptions.map((subscription) => waitOf(owner, subscription)))
}

function waitOf(owner: Execution, subscription: Subscription): Wait {
  const node = subscribedNode(owner, subscription)
  const { id, nodeId, role, kind } = subscription
  const isAttached = role === 'boundary' || role === 'event-sub-process'
  const base = {
    id,
    elementId: nodeId,
    elementName: node?.name ?? nodeId,
    elementType: node?.type ?? '',
    attachedToId: isAttached ? owner.elementId : null,
  }
  switch (kind) {
    case 'message':
    case 'signal':
      return { ...base, kind, eventName: subscription.eventName }
    case 'timer':
      return { ...base, kind, timer: { ...subscription.timer } }
    case 'task': {
      const { taskType, inputs, headers, retries } = subscription
      return { ...base, kind, taskType, inputs, headers, retries }
    }
    case 'form':
      return { ...base, kind, formId: subscription.formId, inputs: subscription.inputs }
  }
}
