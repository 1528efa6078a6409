import type { FlowNode } from '../model/types.ts'
import { type EventData, fireBoundary, startEventSubProcess } from './events.ts'
import type { Execution } from './execution.ts'
import type { Run } from './run.ts'

/**
 * Throws a BPMN error at an execution. It goes outwards: the error boundary events of the activity,
 * then the error event sub-processes of its scope, then the boundary events of that scope, and so on.
 * An event with the error's code comes before one that catches all.
 * @throws StepError UNCAUGHT_ERROR
 */
export function throwError(run: Run, origin: Execution, code: string, message: string) {
  run.note('error', origin, { message: message ? `${code}: ${message}` : code })
  const data: EventData = { payload: null, locals: { errorCode: code, errorMessage: message } }
  for (let current = origin; ; ) {
    const boundary = current.loopIndex === null ? catcher(current.node?.boundaries ?? [], code) : undefined
    if (boundary) return fireBoundary(run, current, boundary, data)
    const scope: Execution | null = current.parent
    if (!scope) break
    const start = current.node?.triggeredByEvent ? undefined : catcher(errorStarts(scope), code)
    if (start) return startEventSubProcess(run, scope, start, data)
    current = scope
  }
  throw run.error('UNCAUGHT_ERROR', message || `Nothing catches the error "${code}".`, {
    elementId: origin.elementId,
    bpmnErrorCode: code,
  })
}

function errorStarts(scope: Execution): FlowNode[] {
  if (scope.loop) return []
  return (scope.scope?.eventSubProcesses ?? []).flatMap(({ scope: inner }) => inner.nodes.filter((node) => node.type === 'StartEvent'))
}

function catcher(candidates: FlowNode[], code: string): FlowNode | undefined {
  const catches = (node: FlowNode, wanted: string | null) => node.events.some((event) => event.kind === 'error' && event.code === wanted)
  return candidates.find((node) => catches(node, code)) ?? candidates.find((node) => catches(node, null))
}
