import type { Execution, Subscription, Variables } from './execution.ts'
import { leave } from './lifecycle.ts'
import { instanceCompleted, startLoop } from './loops.ts'
import type { Run } from './run.ts'
import { armBoundaries } from './subscriptions.ts'
import { applyInputs, applyOutputs } from './variables.ts'

/**
 * Enters an activity: a loop runs its instances, anything else evaluates its input mappings and works.
 */
export function enterActivity(run: Run, execution: Execution, work: (inputs: Variables) => void | Promise<void>): void | Promise<void> {
  const { node } = execution
  if (node?.loop && execution.loopIndex === null) return startLoop(run, execution, node, node.loop)
  const inputs = applyInputs(run, execution)
  const entered = run.log.findLast((entry) => entry.executionId === execution.id && entry.kind === 'entered')
  if (entered && Object.keys(inputs).length > 0) entered.inputs = inputs
  return work(inputs)
}

/** Makes an activity wait, and its boundary events with it. */
export function waitInActivity(run: Run, execution: Execution, subscription: Subscription) {
  // The boundary events of a loop belong to the loop as a whole.
  if (execution.loopIndex === null) armBoundaries(run, execution)
  execution.subscriptions.push(subscription)
  run.note('waiting', execution)
}

/**
 * Completes an activity: output mappings write variables around it; without mappings its outputs do,
 * unless a loop collects them (`merge` false: there is nothing to write).
 */
export function completeActivity(
  run: Run,
  execution: Execution,
  outputs: Variables,
  options: { merge: boolean; payload?: Variables | null },
) {
  const collects = execution.loopIndex !== null && execution.node?.loop?.outputCollection != null
  const written = applyOutputs(run, execution, outputs, { ...options, merge: options.merge && !collects })
  const details = Object.keys(written).length > 0 ? { outputs: written } : {}
  if (execution.loopIndex === null) return leave(run, execution, details)
  run.note('left', execution, details)
  instanceCompleted(run, execution, outputs)
}
