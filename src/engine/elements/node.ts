import type { FlowNode } from '../model/types.ts'
import type { Execution } from '../runtime/execution.ts'
import type { Run } from '../runtime/run.ts'

/** The flow node an execution stands on; only the process itself has none. */
export function nodeOf(run: Run, execution: Execution): FlowNode {
  if (execution.node) return execution.node
  throw run.error('ENGINE_FAILED', `"${execution.elementId}" is no flow node`)
}
