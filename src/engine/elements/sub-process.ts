import { completeActivity, enterActivity } from '../runtime/activity.ts'
import type { ElementBehaviour } from '../runtime/behaviour.ts'
import type { Execution } from '../runtime/execution.ts'
import { settle } from '../runtime/lifecycle.ts'
import type { Run } from '../runtime/run.ts'
import { armBoundaries, armEventSubProcesses } from '../runtime/subscriptions.ts'
import { nodeOf } from './node.ts'

/** A sub-process is a scope of its own inside the activity; it completes when no token is left in it. */
export const subProcess: ElementBehaviour = {
  enter: (run, execution) => enterActivity(run, execution, () => enterScope(run, execution)),
  emptied: (run, execution) => completeActivity(run, execution, {}, { merge: false }),
}

function enterScope(run: Run, execution: Execution) {
  const node = nodeOf(run, execution)
  if (execution.loopIndex === null) armBoundaries(run, execution)
  armEventSubProcesses(run, execution)
  const { starts = [], nodes = [] } = execution.scope ?? {}
  const isTriggered = nodes.some(({ type, events }) => type === 'StartEvent' && events.length > 0)
  if (isTriggered || (starts.length === 0 && nodes.length > 0)) {
    throw run.error('ENGINE_FAILED', `"${node.name}" must begin with a start event without a trigger`, { elementId: node.id })
  }
  for (const start of starts) run.move(start, execution)
  settle(run, execution)
}
