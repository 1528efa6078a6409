import { evaluate as evaluateFeel, FeelFunction, toFeel } from 'feelin'
import type { Scope, Value } from '../types.ts'
import { analyse } from './analysis.ts'

/** An expression that does not parse, calls what does not exist, or yields what its place cannot take. */
export class ExpressionError extends Error {
  constructor(message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.name = 'ExpressionError'
  }
}

/** Variables by name; locals are looked up innermost first. */
export interface Names {
  variables: { [key: string]: Value }
  /** From the outermost to the innermost scope. */
  locals: { [key: string]: Value }[]
}

/** Warnings feelin only notes, though the expression asks for something that does not exist. */
const failures = new Set(['NO_FUNCTION_FOUND', 'FUNCTION_INVOCATION_FAILURE', 'UNSUPPORTED'])

/** Whether the text of an attribute is FEEL; anything else is literal text. */
export const isFeel = (text: string) => text.trimStart().startsWith('=')

/** The expression without its "=". */
export const feelBody = (text: string) => text.trimStart().replace(/^=/, '').trim()

/**
 * Evaluates FEEL once and answers the raw FEEL value; no part of the result is ever evaluated again.
 * Instance variables cannot hide the roots chat, event, agent and now(); names the diagram itself
 * introduces (locals) can.
 * @throws ExpressionError
 */
export function evaluateRaw(text: string, scope: Scope, names: Names): unknown {
  const expression = feelBody(text)
  if (expression === '') throw new ExpressionError('The expression is empty')
  const { value, warnings } = evaluateOrThrow(expression, contextFor(expression, scope, names))
  const failure = warnings.find(({ type }) => failures.has(type))
  if (failure) throw new ExpressionError(`"${expression}": ${failure.message}`)
  return value
}

function evaluateOrThrow(expression: string, context: Record<string, unknown>) {
  try {
    return evaluateFeel(expression, context)
  } catch (error) {
    throw new ExpressionError(`"${expression}": ${error instanceof Error ? error.message : String(error)}`, { cause: error })
  }
}

/** Only what the expression mentions: feelin copies its whole context on every evaluation. */
function contextFor(expression: string, scope: Scope, names: Names): Record<string, unknown> {
  const analysis = analyse(expression)
  const context: Record<string, unknown> = {}
  const take = (from: { [key: string]: Value }) => {
    for (const name of Object.keys(from)) {
      // A name with a space cannot be recognised before the parser knows it, so it is always offered.
      if (analysis.names.has(name) || /\W/.test(name)) define(context, name, from[name])
    }
  }
  take(names.variables)
  if (analysis.names.has('chat')) define(context, 'chat', chatFor(scope.chat, analysis.chatReads))
  if (analysis.names.has('event')) define(context, 'event', scope.event)
  if (analysis.names.has('agent')) define(context, 'agent', scope.agent)
  define(context, 'now', new FeelFunction(() => toFeel(scope.now), []))
  define(context, 'today', new FeelFunction(() => dateOf(scope.now), []))
  for (const local of names.locals) take(local)
  return context
}

function chatFor(chat: Scope['chat'], reads: string[]) {
  if (!chat || reads.includes('*')) return chat
  const wanted = new Set(reads.map((path) => path.split('.')[0]))
  return Object.fromEntries(Object.entries(chat).filter(([key]) => wanted.has(key) || /\W/.test(key)))
}

function dateOf(now: Date) {
  return evaluateFeel('date(instant)', { instant: now }).value
}

/** Sets an own property whatever its name, so that "__proto__" in a customer's data stays data. */
export function define(target: object, name: string, value: unknown) {
  Object.defineProperty(target, name, { value, enumerable: true, writable: true, configurable: true })
}
