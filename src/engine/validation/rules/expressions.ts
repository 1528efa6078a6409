import type { Diagram, FlowNode } from '../diagram.ts'
import { nameOf } from '../diagram.ts'
import { feelBody, inspectFeel, isFeel } from '../feel.ts'
import { error, type Finding, warning } from '../finding.ts'
import { elementOf, extensionsOf, type ModdleElement, textOf } from '../moddle.ts'
import { closest } from '../suggest.ts'
import { type KnownNames, knownNames, mappingsOf, scopeRoots } from '../variables.ts'

/** Most characters of FEEL in one file, so that checking it stays short. */
export const maxFeelTotal = 100_000

interface Expression {
  at: ModdleElement
  where: string
  source: string
  /** It may also read fields of the event that just happened. */
  seesPayload?: boolean
}

/** More unknown names than this are not told one by one. */
const maxUnknown = 100

/** Every FEEL expression must parse, read only what exists and not run away. */
export function* checkExpressions(diagram: Diagram): Generator<Finding> {
  const known = knownNames(diagram)
  let total = 0
  let unknown = 0
  for (const expression of expressionsOf(diagram)) {
    total += expression.source.length
    if (total > maxFeelTotal) {
      const message = `The file has more than ${maxFeelTotal} characters of FEEL.`
      yield error('feel-too-large', expression.at, message, 'Split the process.')
      return
    }
    for (const finding of checkExpression(expression, known)) {
      if (finding.rule === 'feel-unknown-name') unknown += 1
      yield finding
      if (unknown > maxUnknown) return
    }
  }
}

function* checkExpression({ at, where, source, seesPayload }: Expression, known: KnownNames): Generator<Finding> {
  const report = inspectFeel(source)
  for (const issue of report.issues) yield error(issue.rule, at, `${where}: ${issue.message}`, issue.hint)
  if (seesPayload) return
  for (const root of report.roots) {
    if (known.names.has(root)) continue
    const message = `${where} reads "${root}", which nothing in this process supplies.`
    const meant = closest(root, known.names)
    const hint = meant ? `Did you mean "${meant}"?` : `Read ${scopeRoots.join(', ')} or a variable that a mapping, task or form sets.`
    if (known.complete) yield error('feel-unknown-name', at, message, hint)
    else if (meant) yield warning('feel-unknown-name', at, message, hint)
  }
}

/** All places that hold FEEL; text without "=" is literal except where BPMN wants an expression. */
function* expressionsOf(diagram: Diagram): Generator<Expression> {
  for (const flow of diagram.flows) {
    if (!flow.condition) continue
    const name = flow.element.name ? ` ${nameOf(flow.element)}` : ''
    yield { at: flow.element, where: `The condition${name}`, source: feelBody(textOf(flow.condition, 'body') ?? '') }
  }
  yield* mappings(diagram.process)
  for (const node of diagram.nodes) {
    yield* mappings(node.element, catchesEvent(node))
    yield* attributes(node)
    yield* timers(node)
    yield* loops(node)
  }
}

function catchesEvent(node: FlowNode): boolean {
  return (
    node.type === 'ReceiveTask' || (node.eventDefinitions.length > 0 && node.type !== 'EndEvent' && node.type !== 'IntermediateThrowEvent')
  )
}

function* mappings(element: ModdleElement, seesPayload = false): Generator<Expression> {
  for (const { source, target } of mappingsOf(element, 'inputParameters')) {
    if (isFeel(source)) yield { at: element, where: `The input "${target}"`, source: feelBody(source) }
  }
  for (const { source, target } of mappingsOf(element, 'outputParameters')) {
    if (isFeel(source)) yield { at: element, where: `The output "${target}"`, source: feelBody(source), seesPayload }
  }
}

function* attributes({ element }: FlowNode): Generator<Expression> {
  for (const script of extensionsOf(element, 'zeebe:Script')) {
    yield { at: element, where: 'The script', source: feelBody(textOf(script, 'expression') ?? '') }
  }
  const called = extensionsOf(element, 'zeebe:CalledElement')[0]
  const task = extensionsOf(element, 'zeebe:TaskDefinition')[0]
  const optional: [string, string | undefined][] = [
    ['The called process', textOf(called, 'processId')],
    ['The retries', textOf(task, 'retries')],
  ]
  for (const [where, source] of optional) if (source && isFeel(source)) yield { at: element, where, source: feelBody(source) }
}

function* timers(node: FlowNode): Generator<Expression> {
  for (const definition of node.eventDefinitions) {
    for (const kind of ['timeDate', 'timeDuration', 'timeCycle']) {
      const source = textOf(elementOf(definition, kind), 'body')
      if (source && isFeel(source)) yield { at: node.element, where: 'The timer', source: feelBody(source) }
    }
  }
}

function* loops({ element }: FlowNode): Generator<Expression> {
  const loop = elementOf(element, 'loopCharacteristics')
  if (!loop) return
  const zeebe = extensionsOf(loop, 'zeebe:LoopCharacteristics')[0]
  const always: [string, string | undefined][] = [
    ['The input collection', textOf(zeebe, 'inputCollection')],
    ['The output element', textOf(zeebe, 'outputElement')],
    ['The completion condition', textOf(elementOf(loop, 'completionCondition'), 'body')],
    ['The loop condition', textOf(elementOf(loop, 'loopCondition'), 'body')],
    ['The loop cardinality', textOf(elementOf(loop, 'loopCardinality'), 'body')],
  ]
  for (const [where, source] of always) if (source !== undefined) yield { at: element, where, source: feelBody(source) }
}
