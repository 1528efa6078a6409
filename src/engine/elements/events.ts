import type { EventDefinition, FlowNode } from '../model/types.ts'
import type { ElementBehaviour } from '../runtime/behaviour.ts'
import { throwError } from '../runtime/errors.ts'
import { leaveEvent } from '../runtime/events.ts'
import type { Execution } from '../runtime/execution.ts'
import { linkTargets } from '../runtime/joins.ts'
import { cancelInside, leave, remove, settle } from '../runtime/lifecycle.ts'
import type { Run } from '../runtime/run.ts'
import { eventNameOf, subscribeTo } from '../runtime/subscriptions.ts'
import { applyInputs, namesAt } from '../runtime/variables.ts'
import { nodeOf } from './node.ts'

/** A start event is passed at once: what it waits for has happened before its instance exists. */
export const startEvent: ElementBehaviour = {
  enter(run, execution) {
    const node = nodeOf(run, execution)
    const unsupported = node.events.find((event) => event.kind === 'unsupported')
    if (unsupported) throw run.error('ENGINE_FAILED', `"${node.name}" cannot start on ${unsupported.type}`, { elementId: node.id })
    leaveEvent(run, execution, { payload: run.scope.event })
  },
}

/** An intermediate catch event waits for the first of its events; a link is only passed through. */
export const intermediateCatchEvent: ElementBehaviour = {
  enter(run, execution) {
    const node = nodeOf(run, execution)
    if (node.events.length === 0) throw run.error('ENGINE_FAILED', `"${node.name}" catches nothing`, { elementId: node.id })
    if (node.events.some(({ kind }) => kind === 'link')) return leave(run, execution)
    subscribeTo(run, execution, node, 'self', execution.id)
    run.note('waiting', execution)
  },
  occurred: (run, execution, { payload }) => leaveEvent(run, execution, { payload }),
}

/** An intermediate throw event throws its messages; a link goes on at the catch event of its name. */
export const intermediateThrowEvent: ElementBehaviour = {
  enter(run, execution) {
    const node = nodeOf(run, execution)
    for (const event of node.events) if (event.kind !== 'link') throwEvent(run, execution, node, event)
    if (node.events.some(({ kind }) => kind === 'link')) followLink(run, execution, node)
    else leave(run, execution)
  },
}

/** An end event throws what it has and ends its token; terminate ends its whole scope. */
export const endEvent: ElementBehaviour = {
  enter(run, execution) {
    const node = nodeOf(run, execution)
    const scope = execution.parent
    for (const event of node.events) {
      if (event.kind === 'error') return throwErrorEnd(run, execution, node, event.code)
      if (event.kind !== 'terminate') throwEvent(run, execution, node, event)
    }
    if (scope && node.events.some(({ kind }) => kind === 'terminate')) cancelInside(run, scope, execution)
    leave(run, execution)
  },
}

function throwEvent(run: Run, execution: Execution, node: FlowNode, event: EventDefinition) {
  if (event.kind !== 'message') {
    const what = event.kind === 'unsupported' ? event.type : event.kind
    throw run.error('ENGINE_FAILED', `"${node.name}" cannot throw ${what}`, { elementId: node.id })
  }
  const payload = applyInputs(run, execution)
  run.thrown.push({ eventName: eventNameOf(run, execution, node, event.name), elementId: node.id, payload })
}

function throwErrorEnd(run: Run, execution: Execution, node: FlowNode, source: string | null) {
  if (source === null) throw run.error('ENGINE_FAILED', `"${node.name}" throws an error without a code`, { elementId: node.id })
  throwError(run, execution, run.text(source, namesAt(execution), node.id), '')
}

function followLink(run: Run, execution: Execution, node: FlowNode) {
  const { parent } = execution
  const [target] = parent ? linkTargets(node, parent) : []
  if (!parent || !target) throw run.error('ENGINE_FAILED', `"${node.name}" links to no catch event of its name`, { elementId: node.id })
  run.note('left', execution)
  remove(execution)
  run.move(target, parent)
  settle(run, parent)
}
