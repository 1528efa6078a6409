import { type Diagram, type FlowNode, nameOf } from '../diagram.ts'
import { feelBody, inspectFeel } from '../feel.ts'
import { error, type Finding, warning } from '../finding.ts'
import { elementOf, extensionsOf, numberOf, textOf, typeOf } from '../moddle.ts'

/** More instances than this are refused when they are written down. */
export const maxInstances = 100
/** More instances than this are doubtful. */
export const manyInstances = 50

/** Repeated activities say what they repeat over, and not too often. */
export function* checkLoops(diagram: Diagram): Generator<Finding> {
  for (const node of diagram.nodes) {
    const loop = elementOf(node.element, 'loopCharacteristics')
    if (!loop) continue
    if (typeOf(loop) === 'MultiInstanceLoopCharacteristics') yield* checkMultiInstance(node)
    else if (typeOf(loop) === 'StandardLoopCharacteristics') yield* checkStandard(node)
  }
}

function* checkMultiInstance({ element }: FlowNode): Generator<Finding> {
  const loop = elementOf(element, 'loopCharacteristics')
  const zeebe = loop && extensionsOf(loop, 'zeebe:LoopCharacteristics')[0]
  const collection = textOf(zeebe, 'inputCollection')?.trim()
  const cardinality = textOf(elementOf(loop, 'loopCardinality'), 'body')?.trim()
  if (!collection && !cardinality) {
    const message = `${nameOf(element)} does not say how often it runs.`
    yield error('multi-instance', element, message, 'Set an input collection or a loop cardinality.')
    return
  }
  const count = Math.max(cardinality ? numberIn(cardinality) : 0, collection ? (inspectFeel(feelBody(collection)).listSize ?? 0) : 0)
  const message = `${nameOf(element)} runs ${count} times`
  if (count > maxInstances) {
    yield error('multi-instance', element, `${message}; at most ${maxInstances} are accepted.`, 'Use a smaller collection.')
  } else if (count > manyInstances) {
    yield warning('multi-instance', element, `${message}, which makes a step slow.`, `Stay under ${manyInstances}.`)
  }
  if (!!textOf(zeebe, 'outputCollection')?.trim() !== !!textOf(zeebe, 'outputElement')?.trim()) {
    yield error(
      'multi-instance',
      element,
      `${nameOf(element)} collects results only by half.`,
      'Set both output collection and output element.',
    )
  }
}

/** The number that is written down; 0 when it depends on data. */
function numberIn(cardinality: string): number {
  const number = Number(feelBody(cardinality))
  return Number.isFinite(number) ? number : 0
}

function* checkStandard({ element }: FlowNode): Generator<Finding> {
  const loop = elementOf(element, 'loopCharacteristics')
  if (textOf(elementOf(loop, 'loopCondition'), 'body')?.trim() || numberOf(loop, 'loopMaximum') !== null) return
  const message = `The loop of ${nameOf(element)} has neither a condition nor a maximum.`
  yield error('standard-loop', element, message, 'Set the condition under which it goes on.')
}
