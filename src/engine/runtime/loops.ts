import { define } from '../feel/evaluate.ts'
import type { FlowNode, Loop } from '../model/types.ts'
import type { Value } from '../types.ts'
import { Execution, type LoopState, type Variables } from './execution.ts'
import { cancelInside, leave } from './lifecycle.ts'
import { kindOf, maximumExecutions, type Run } from './run.ts'
import { armBoundaries } from './subscriptions.ts'
import { assign, namesAt } from './variables.ts'

/** Starts the instances of a multi-instance activity or standard loop; `body` holds them. */
export function startLoop(run: Run, body: Execution, node: FlowNode, loop: Loop) {
  const items = loop.inputCollection === null ? null : collection(run, body, loop.inputCollection)
  const total = items ? items.length : instances(run, body, loop)
  body.loop = { items, total, started: 0, completed: 0, results: [] }
  if (loop.outputCollection) body.locals = { ...body.locals, [loop.outputCollection]: [] }
  armBoundaries(run, body)
  if (!loop.sequential && total !== null && total > maximumExecutions) run.count(node.id, total)
  if (!mayStart(run, body, node, loop, body.loop)) return completeLoop(run, body, loop, body.loop)
  if (loop.sequential) run.move(node, body)
  else for (let index = 0; index < (total ?? 0); index += 1) run.move(node, body)
}

function collection(run: Run, body: Execution, source: string): Value[] {
  const value = run.value(source, namesAt(body), body.elementId)
  if (Array.isArray(value)) return value
  throw run.error('EXPRESSION_FAILED', `The collection "${source}" yields ${kindOf(value)}, not a list`, { elementId: body.elementId })
}

function instances(run: Run, body: Execution, loop: Loop): number | null {
  if (loop.kind === 'standard') return loop.loopMaximum
  if (loop.cardinality === null) throw run.error('ENGINE_FAILED', 'A multi-instance needs a collection', { elementId: body.elementId })
  const value = run.value(loop.cardinality, namesAt(body), body.elementId)
  const count = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  if (typeof count === 'number' && Number.isInteger(count) && count >= 0) return count
  throw run.error('EXPRESSION_FAILED', `The cardinality "${loop.cardinality}" yields ${kindOf(value)}, not a whole number`, {
    elementId: body.elementId,
  })
}

function mayStart(run: Run, body: Execution, node: FlowNode, loop: Loop, state: LoopState): boolean {
  if (state.total !== null && state.started >= state.total) return false
  if (loop.kind === 'multi-instance' || (!loop.testBefore && state.started === 0)) return true
  return loop.loopCondition === null || run.condition(loop.loopCondition, namesAt(body, counters(body, state)), node.id)
}

/** Makes the next instance of a loop; its variables are the element of the collection and loopCounter (from 1). */
export function nextInstance(run: Run, body: Execution, node: FlowNode): Execution {
  const state = body.loop
  if (!state) throw run.error('ENGINE_FAILED', `"${node.name}" is no loop`, { elementId: node.id })
  run.count(node.id)
  const instance = new Execution(run.nextId(node.id), node, body, body.model)
  instance.loopIndex = state.started
  const locals: Variables = { loopCounter: state.started + 1 }
  if (state.items && node.loop?.inputElement) define(locals, node.loop.inputElement, state.items[state.started] ?? null)
  instance.locals = locals
  state.started += 1
  run.note('entered', instance)
  return instance
}

/** An instance of a loop is done: collect what it yields, then run the next one or end the loop. */
export function instanceCompleted(run: Run, instance: Execution, outputs: Variables) {
  const body = instance.parent
  const { node, loopIndex } = instance
  const state = body?.loop
  if (!body || !node?.loop || !state || loopIndex === null) throw run.error('ENGINE_FAILED', `"${instance.elementId}" is in no loop`)
  state.completed += 1
  if (node.loop.outputElement) state.results[loopIndex] = run.value(node.loop.outputElement, namesAt(instance, outputs), node.id)
  instance.ended = true
  instance.subscriptions = []
  body.children.delete(instance)
  advance(run, body, node, node.loop, state)
}

function advance(run: Run, body: Execution, node: FlowNode, loop: Loop, state: LoopState) {
  const { completionCondition } = loop
  if (completionCondition !== null && run.condition(completionCondition, namesAt(body, counters(body, state)), node.id)) {
    return completeLoop(run, body, loop, state)
  }
  if (loop.sequential) {
    if (mayStart(run, body, node, loop, state)) run.move(node, body)
    else completeLoop(run, body, loop, state)
  } else if (state.completed === state.total) completeLoop(run, body, loop, state)
}

/** What conditions of a loop may read, by the names of BPMN 2.0 table 10.28. */
function counters(body: Execution, state: LoopState): Variables {
  return {
    loopCounter: state.started,
    numberOfInstances: state.total,
    numberOfActiveInstances: body.children.size,
    numberOfCompletedInstances: state.completed,
    numberOfTerminatedInstances: 0,
  }
}

function completeLoop(run: Run, body: Execution, loop: Loop, state: LoopState) {
  cancelInside(run, body)
  body.loop = null
  const results = Array.from({ length: state.total ?? state.results.length }, (_, index) => state.results[index] ?? null)
  if (loop.outputCollection) assign(body.parent, loop.outputCollection, results)
  leave(run, body, loop.outputCollection ? { outputs: { [loop.outputCollection]: results } } : {})
}
