import { type Diagram, eventKind, type FlowNode, nameOf } from '../diagram.ts'
import { isFeel } from '../feel.ts'
import { error, type Finding } from '../finding.ts'
import { elementOf, flagOf, type ModdleElement, textOf } from '../moddle.ts'

type Kind = 'timeDate' | 'timeDuration' | 'timeCycle'

const kinds: Kind[] = ['timeDate', 'timeDuration', 'timeCycle']
const examples: Record<Kind, string> = {
  timeDate: '2026-01-31T09:00:00Z or =chat.timeoutAt',
  timeDuration: 'PT15M',
  timeCycle: 'R3/PT10M',
}

/** Timers say one time, in ISO 8601 or FEEL, of a kind that makes sense where they are. */
export function* checkTimers(diagram: Diagram): Generator<Finding> {
  for (const node of diagram.nodes) if (eventKind(node) === 'Timer') yield* checkTimer(node)
}

function* checkTimer(node: FlowNode): Generator<Finding> {
  const { element } = node
  const definition = node.eventDefinitions[0]
  const given = kinds.filter((kind) => elementOf(definition, kind) !== undefined)
  const [kind] = given
  if (kind === undefined || given.length > 1) {
    const message = kind ? `${nameOf(element)} has ${given.length} times.` : `${nameOf(element)} has no time.`
    yield error('timer', element, message, 'Set one of date, duration and cycle.')
    return
  }
  const text = bodyOf(definition, kind)
  if (!isFeel(text)) {
    const problem = { timeDate: dateProblem, timeDuration: durationProblem, timeCycle: cycleProblem }[kind](text)
    if (problem) yield error('timer', element, `The time of ${nameOf(element)}, "${text}", ${problem}.`, `Write e.g. ${examples[kind]}.`)
  }
  if (kind === 'timeCycle' && !mayRepeat(node)) {
    const message = `${nameOf(element)} can fire only once, but has a repeating time.`
    yield error('timer', element, message, 'Use a duration or a date, or make it a non-interrupting boundary event.')
  }
}

function bodyOf(definition: ModdleElement | undefined, kind: Kind): string {
  return textOf(elementOf(definition, kind), 'body')?.trim() ?? ''
}

function mayRepeat({ type, element, scope }: FlowNode): boolean {
  if (type === 'BoundaryEvent') return !flagOf(element, 'cancelActivity', true)
  if (type !== 'StartEvent') return false
  return scope.owner === null || !flagOf(element, 'isInterrupting', true)
}

const duration = /^P(?=\d|T\d)(?:\d+Y)?(?:\d+M)?(?:\d+W)?(?:\d+D)?(?:T(?=\d)(?:\d+H)?(?:\d+M)?(?:\d+(?:[.,]\d{1,9})?S)?)?$/
const date = /^\d{4}-(\d{2})-(\d{2})T([01]\d|2[0-4]):[0-5]\d(:[0-5]\d([.,]\d{1,9})?)?(Z|[+-][01]\d:?[0-5]\d)$/

function durationProblem(text: string): string | null {
  if (!duration.test(text)) return 'is no ISO 8601 duration'
  return text.length > 40 || /\d{7,}/.test(text) ? 'is too long' : null
}

function dateProblem(text: string): string | null {
  if (!date.test(text)) return 'is no ISO 8601 date and time with a zone'
  const [year = 0, month = 0, day = 0] = text.slice(0, 10).split('-').map(Number)
  const made = new Date(Date.UTC(year, month - 1, day))
  return made.getUTCMonth() === month - 1 && made.getUTCDate() === day ? null : 'is a day that does not exist'
}

function cycleProblem(text: string): string | null {
  const parts = text.split('/')
  const period = parts.at(-1) ?? ''
  if (!/^R\d{0,6}$/.test(parts[0] ?? '') || parts.length < 2 || parts.length > 3) return 'is no ISO 8601 repeating interval'
  if (parts.length === 3 && dateProblem(parts[1] ?? '')) return `has a start that ${dateProblem(parts[1] ?? '')}`
  const problem = durationProblem(period)
  if (problem) return `has a period that ${problem}`
  return /[1-9]/.test(period) ? null : 'has a period of zero'
}
