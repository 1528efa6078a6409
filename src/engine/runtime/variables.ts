import { define, type Names } from '../feel/evaluate.ts'
import type { Mapping } from '../model/types.ts'
import type { Value } from '../types.ts'
import type { Execution, Variables } from './execution.ts'
import type { Run } from './run.ts'

/** What an expression evaluated at this execution may read. */
export function namesAt(execution: Execution, ...extra: Variables[]): Names {
  const locals: Variables[] = []
  let current: Execution | null = execution
  while (current && !current.variables) {
    if (current.locals) locals.unshift(current.locals)
    current = current.parent
  }
  if (current?.locals) locals.unshift(current.locals)
  return { variables: current?.variables ?? {}, locals: [...locals, ...extra] }
}

/** Evaluates a task's input mappings; later ones see earlier ones. They become the execution's own variables. */
export function applyInputs(run: Run, execution: Execution): Variables {
  const inputs: Variables = {}
  for (const { source, target } of execution.node?.io.inputs ?? []) {
    assignPath(inputs, target, run.value(source, namesAt(execution, inputs), execution.elementId))
  }
  if (Object.keys(inputs).length > 0) execution.locals = { ...execution.locals, ...inputs }
  return inputs
}

/**
 * Evaluates the output mappings of an execution and writes them to the scopes around it.
 * Without mappings, `merge` decides whether all of `outputs` are written (tasks) or none (events).
 * `payload` (of an event) can be read by its field names, but hides nothing.
 */
export function applyOutputs(
  run: Run,
  execution: Execution,
  outputs: Variables,
  options: { merge: boolean; payload?: Variables | null },
): Variables {
  const mappings = execution.node?.io.outputs ?? []
  if (mappings.length === 0) {
    if (!options.merge) return {}
    for (const [name, value] of Object.entries(outputs)) assign(execution.parent, name, value)
    return outputs
  }
  const results: Variables = {}
  for (const mapping of mappings) applyOutput(run, execution, mapping, outputs, options.payload ?? {}, results)
  return results
}

function applyOutput(run: Run, execution: Execution, mapping: Mapping, outputs: Variables, payload: Variables, results: Variables) {
  const names = namesAt(execution, outputs)
  const value = run.value(mapping.source, { ...names, variables: { ...payload, ...names.variables } }, execution.elementId)
  const [name = ''] = mapping.target.split('.')
  const current = currentValue(execution.parent, name)
  if (isContext(current)) define(results, name, structuredClone(current))
  assignPath(results, mapping.target, value)
  assign(execution.parent, name, results[name] ?? null)
}

/** Writes a variable where it lives: the innermost scope that has it as its own, else the process. */
export function assign(from: Execution | null, name: string, value: Value) {
  const owner = ownerOf(from, name)
  if (owner) define(owner, name, value)
}

function ownerOf(from: Execution | null, name: string): Variables | null {
  for (let current = from; current; current = current.parent) {
    if (current.locals && Object.hasOwn(current.locals, name)) return current.locals
    if (current.variables) return current.variables
  }
  return null
}

function currentValue(from: Execution | null, name: string): Value {
  const owner = ownerOf(from, name)
  return owner && Object.hasOwn(owner, name) ? (owner[name] ?? null) : null
}

/** Sets `a.b.c` in a nested context, making the contexts on the way. */
function assignPath(target: Variables, path: string, value: Value) {
  const names = path.split('.')
  const last = names.pop() ?? path
  let current = target
  for (const name of names) {
    const next = Object.hasOwn(current, name) ? current[name] : null
    if (isContext(next)) current = next
    else {
      const made: Variables = {}
      define(current, name, made)
      current = made
    }
  }
  define(current, last, value)
}

function isContext(value: Value | undefined): value is Variables {
  return value !== null && typeof value === 'object' && !Array.isArray(value) && !(value instanceof Date)
}
