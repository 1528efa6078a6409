import type { FlowNode } from '../model/types.ts'
import type { LogEntry } from '../types.ts'
import { behaviourOf } from './behaviour.ts'
import { Execution } from './execution.ts'
import { takeOutgoing } from './flows.ts'
import type { Run } from './run.ts'

/** Puts a token on a node: counts it, gives it its id, and notes that it was entered. */
export function begin(run: Run, node: FlowNode, parent: Execution): Execution {
  run.count(node.id)
  const execution = new Execution(run.nextId(node.id), node, parent, parent.model)
  run.note('entered', execution)
  return execution
}

/** The element is done: its token moves on, or its scope may be done too. */
export function leave(run: Run, execution: Execution, details: Partial<LogEntry> = {}) {
  const { node, parent } = execution
  run.note('left', execution, details)
  remove(execution)
  if (!node || !parent) return
  takeOutgoing(run, node, parent)
  settle(run, parent)
}

/** Completes a scope in which no token is left. */
export function settle(run: Run, scope: Execution) {
  if (scope.ended || scope.loop || scope.children.size > 0 || scope.moving > 0 || scope.joins.size > 0) return
  if (scope.node) behaviourOf(run, scope.node).emptied?.(run, scope)
  else remove(scope)
}

/** Ends an execution and all inside it without letting tokens move on. */
export function cancel(run: Run, execution: Execution, note = true) {
  cancelInside(run, execution)
  if (note) run.note('discarded', execution)
  remove(execution)
}

/** Ends everything inside a scope: its tokens, those on their way and those at joins. */
export function cancelInside(run: Run, scope: Execution, except?: Execution) {
  for (const child of [...scope.children]) if (child !== except) cancel(run, child)
  run.dropMoves(scope)
  scope.joins.clear()
}

/** Takes an execution out of the tree. */
export function remove(execution: Execution) {
  execution.ended = true
  execution.subscriptions = []
  execution.parent?.children.delete(execution)
}
