import { completeActivity, enterActivity } from '../runtime/activity.ts'
import type { ElementBehaviour } from '../runtime/behaviour.ts'
import type { Execution, Variables } from '../runtime/execution.ts'
import { settle } from '../runtime/lifecycle.ts'
import type { Run } from '../runtime/run.ts'
import { armBoundaries, armEventSubProcesses } from '../runtime/subscriptions.ts'
import { namesAt } from '../runtime/variables.ts'
import { nodeOf } from './node.ts'

/** Calls may nest this deep (processes.md, "Validation at upload"). */
const maximumDepth = 8

/** A call activity runs another process of the same file, with variables of its own. */
export const callActivity: ElementBehaviour = {
  enter: (run, execution) => enterActivity(run, execution, (inputs) => call(run, execution, inputs)),
  emptied(run, execution) {
    const merge = nodeOf(run, execution).called?.propagateAllChildVariables === true
    completeActivity(run, execution, execution.variables ?? {}, { merge })
  },
}

function call(run: Run, execution: Execution, inputs: Variables) {
  const node = nodeOf(run, execution)
  const names = namesAt(execution)
  if (!node.called?.processId) throw run.error('ENGINE_FAILED', `"${node.name}" calls nothing`, { elementId: node.id })
  const processId = run.text(node.called.processId, names, node.id)
  const model = run.modelOf(processId)
  if (!model) throw run.error('ENGINE_FAILED', `"${node.name}" calls "${processId}", which is not in the file`, { elementId: node.id })
  if (depthOf(execution) > maximumDepth) {
    throw run.error('STEP_LIMIT', `Calls nest deeper than ${maximumDepth}`, { elementId: node.id })
  }
  if (execution.loopIndex === null) armBoundaries(run, execution)
  const visible = node.called.propagateAllParentVariables ? Object.assign({}, names.variables, ...names.locals) : (execution.locals ?? {})
  execution.variables = structuredClone({ ...visible, ...inputs })
  execution.locals = null
  execution.model = model
  armEventSubProcesses(run, execution)
  if (model.root.starts.length === 0) {
    throw run.error('ENGINE_FAILED', `"${processId}" has no start event without a trigger`, { elementId: node.id })
  }
  for (const start of model.root.starts) run.move(start, execution)
  settle(run, execution)
}

function depthOf(execution: Execution): number {
  let depth = 1
  for (let current = execution.parent; current; current = current.parent) if (current.parent && current.variables) depth += 1
  return depth
}
