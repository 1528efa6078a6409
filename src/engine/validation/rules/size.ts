import { type Diagram, nameOf } from '../diagram.ts'
import { error, type Finding, warning } from '../finding.ts'

/** More flow nodes than this are refused: a step costs time for every one of them. */
export const maxNodes = 80
/** More flow nodes than this make steps slow. */
export const manyNodes = 40
/** Deepest nesting of sub-processes. */
export const maxNesting = 8

/** The process and what it calls stay small enough to run fast. */
export function* checkSize(diagrams: Diagram[]): Generator<Finding> {
  const process = diagrams[0]?.process ?? null
  const count = diagrams.reduce((sum, diagram) => sum + diagram.nodes.length, 0)
  const hint = 'Split it into several processes that start on events.'
  if (count > maxNodes) {
    yield error('too-many-nodes', process, `The process has ${count} flow nodes; at most ${maxNodes} are accepted.`, hint)
  } else if (count > manyNodes) {
    yield warning('too-many-nodes', process, `The process has ${count} flow nodes, which makes every step slow.`, hint)
  }
  for (const diagram of diagrams) yield* checkDepth(diagram)
}

function* checkDepth(diagram: Diagram): Generator<Finding> {
  for (const scope of diagram.scopes) {
    let depth = 0
    for (let owner = scope.owner; owner; owner = owner.scope.owner) depth += 1
    if (depth !== maxNesting + 1) continue
    const message = `${nameOf(scope.element)} is nested ${depth} deep; at most ${maxNesting} are accepted.`
    yield error('nesting', scope.element, message, 'Flatten the sub-processes.')
  }
}
