import { deserialize } from 'moddle-context-serializer'
import { analyse } from './feel/analysis.ts'
import type { DefinitionContext } from './model/context-types.ts'
import { buildProcessModel } from './model/process-model.ts'
import type { FlowNode, Mapping } from './model/types.ts'
import { bindBehaviour } from './prepared-definition.ts'
import type { CompiledDefinition } from './types.ts'

/** A variable that whoever starts the process may give it. */
export interface ProcessInput {
  name: string
  required: boolean
}

/** What every expression may read without anybody giving it, and what loops bring along. */
const given = new Set([
  'chat',
  'event',
  'agent',
  'loopCounter',
  'numberOfInstances',
  'numberOfActiveInstances',
  'numberOfCompletedInstances',
  'numberOfTerminatedInstances',
])

/**
 * What a definition wants to be given when it is started by its none start event.
 * - An output mapping of that start event declares the variables it reads: required when the source is just the
 *   variable (`=contactId`), optional when it is an expression around it (`=if note = null then "" else note`).
 * - Any other variable that expressions read and nothing in the diagram supplies is optional. `supplied` names what
 *   else supplies variables: the fields of its forms, the outputs of its tasks.
 */
export function readInputs(definition: Pick<CompiledDefinition, 'context' | 'key'>, supplied: Iterable<string>): ProcessInput[] {
  const context = deserialize(JSON.parse(definition.context), bindBehaviour) as unknown as DefinitionContext
  const nodes = [...buildProcessModel(context, definition.key).nodes.values()]
  const start = nodes.find((node) => node.type === 'StartEvent' && node.events.length === 0 && node.scopeId === definition.key)
  const declared = new Map<string, ProcessInput>()
  for (const { source } of start?.io.outputs ?? []) {
    const expression = expressionOf(source)
    if (expression === null) continue
    for (const name of variablesOf(expression)) {
      const required = expression.trim() === name || declared.get(name)?.required === true
      declared.set(name, { name, required })
    }
  }
  const known = new Set([...supplied, ...nodes.flatMap((node) => suppliedBy(node))])
  for (const expression of nodes.filter((node) => node !== start).flatMap((node) => expressionsOf(node))) {
    for (const name of variablesOf(expression)) {
      if (!known.has(name) && !declared.has(name)) declared.set(name, { name, required: false })
    }
  }
  return [...declared.values()]
}

/** The text behind the leading "=" of FEEL; null for a plain text. */
function expressionOf(source: string | null | undefined): string | null {
  const text = source?.trim() ?? ''
  return text.startsWith('=') ? text.slice(1) : null
}

/** The variables an expression reads; the names of functions it calls are none. */
function variablesOf(expression: string): string[] {
  return [...analyse(expression).names].filter((name) => {
    if (given.has(name) || !/^[\p{L}_][\p{L}\p{N}_]*$/u.test(name)) return false
    return !new RegExp(`(?<![\\p{L}\\p{N}_])${name}\\s*\\(`, 'u').test(expression)
  })
}

const targetsOf = (mappings: Mapping[]) => mappings.map(({ target }) => target.split('.', 1)[0] ?? target)

function suppliedBy(node: FlowNode): string[] {
  const { io, script, loop } = node
  return [...targetsOf(io.inputs), ...targetsOf(io.outputs), script?.resultVariable, loop?.inputElement, loop?.outputCollection].filter(
    (name) => typeof name === 'string',
  )
}

/** Every FEEL expression of a node and of the flows that leave it. */
function expressionsOf(node: FlowNode): string[] {
  const { io, loop } = node
  const sources = [
    ...[...io.inputs, ...io.outputs].map(({ source }) => source),
    ...node.outgoing.map(({ condition }) => condition),
    node.script?.expression,
    node.called?.processId,
    loop?.inputCollection,
    loop?.outputElement,
    loop?.cardinality,
    loop?.completionCondition,
    loop?.loopCondition,
    ...node.events.map((event) => (event.kind === 'timer' ? event.timer.expression : null)),
  ]
  return sources.map(expressionOf).filter((expression) => expression !== null)
}
