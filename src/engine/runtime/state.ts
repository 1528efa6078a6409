import type { ProcessModel } from '../model/types.ts'
import type { Value } from '../types.ts'
import { Execution, type LoopState, type Subscription, type Variables } from './execution.ts'

/** A saved state that does not fit the definition it is resumed with. */
export class StateMismatch extends Error {}

/** What a token tree looks like in JSON; empty parts are left out. */
interface SavedExecution {
  id: string
  element?: string
  process?: string
  locals?: unknown
  variables?: unknown
  subscriptions?: unknown[]
  joins?: { [gatewayId: string]: { [flowId: string]: number } }
  loop?: unknown
  loopIndex?: number
  children?: SavedExecution[]
}

export interface SavedTokens {
  /** How many ids were given out, so that the next one is new. */
  sequence: number
  root: SavedExecution
}

/** Turns a token tree into plain JSON data; dates keep their type by a tag. */
export function saveTokens(root: Execution, sequence: number): SavedTokens {
  return { sequence, root: saveExecution(root, true) }
}

function saveExecution(execution: Execution, isRoot: boolean): SavedExecution {
  const saved: SavedExecution = { id: execution.id }
  if (execution.node) saved.element = execution.node.id
  if (execution.variables && !isRoot) {
    saved.process = execution.model.id
    saved.variables = encode(execution.variables)
  }
  if (execution.locals) saved.locals = encode(execution.locals)
  if (execution.subscriptions.length > 0) saved.subscriptions = execution.subscriptions.map(encode)
  if (execution.joins.size > 0) {
    saved.joins = Object.fromEntries([...execution.joins].map(([gateway, flows]) => [gateway, Object.fromEntries(flows)]))
  }
  if (execution.loop) saved.loop = encode(execution.loop)
  if (execution.loopIndex !== null) saved.loopIndex = execution.loopIndex
  if (execution.children.size > 0) saved.children = [...execution.children].map((child) => saveExecution(child, false))
  return saved
}

/**
 * Rebuilds the token tree on the model of the definition.
 * @throws StateMismatch when an element of the state is not in the model
 */
export function loadTokens(saved: SavedTokens, model: ProcessModel, modelOf: (processId: string) => ProcessModel): Execution {
  return loadExecution(saved.root, null, model, modelOf)
}

function loadExecution(
  saved: SavedExecution,
  parent: Execution | null,
  model: ProcessModel,
  modelOf: (processId: string) => ProcessModel,
): Execution {
  const node = saved.element === undefined ? null : model.nodes.get(saved.element)
  if (node === undefined) throw new StateMismatch(`The saved state stands on "${saved.element}", which the definition does not have`)
  const inner = saved.process === undefined ? model : modelOf(saved.process)
  const execution = new Execution(saved.id, node, parent, inner)
  if (saved.variables !== undefined) execution.variables = decode(saved.variables) as Variables
  if (saved.locals !== undefined) execution.locals = decode(saved.locals) as Variables
  execution.subscriptions = (saved.subscriptions ?? []).map((subscription) => decode(subscription) as Subscription)
  for (const { nodeId } of execution.subscriptions) {
    if (!model.nodes.has(nodeId) && !inner.nodes.has(nodeId)) {
      throw new StateMismatch(`The saved state waits at "${nodeId}", which the definition does not have`)
    }
  }
  for (const [gateway, flows] of Object.entries(saved.joins ?? {})) execution.joins.set(gateway, new Map(Object.entries(flows)))
  if (saved.loop !== undefined) execution.loop = decode(saved.loop) as LoopState
  execution.loopIndex = saved.loopIndex ?? null
  for (const child of saved.children ?? []) loadExecution(child, execution, inner, modelOf)
  return execution
}

const dateTag = '$date'
const literalTag = '$literal'

/** JSON data in which a Date is `{"$date": …}` and an object that happens to look so is wrapped. */
function encode(value: unknown): unknown {
  if (value instanceof Date) return { [dateTag]: value.toISOString() }
  if (Array.isArray(value)) return value.map(encode)
  if (value === null || typeof value !== 'object') return value
  const encoded = Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, encode(entry)]))
  return dateTag in encoded || literalTag in encoded ? { [literalTag]: encoded } : encoded
}

function decode(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(decode)
  if (value === null || typeof value !== 'object') return value
  const date = Object.hasOwn(value, dateTag) ? Reflect.get(value, dateTag) : undefined
  if (typeof date === 'string') return new Date(date)
  const literal = Object.hasOwn(value, literalTag) ? Reflect.get(value, literalTag) : undefined
  const entries = Object.entries(literal ?? value)
  return Object.fromEntries(entries.map(([key, entry]): [string, Value] => [key, decode(entry) as Value]))
}
