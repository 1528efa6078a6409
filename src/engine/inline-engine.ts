import { compile } from './compile.ts'
import { elements } from './elements/index.ts'
import { ExpressionError, evaluateRaw, type Names } from './feel/evaluate.ts'
import { fromFeel } from './feel/values.ts'
import { type PreparedDefinition, prepareDefinition } from './prepared-definition.ts'
import { runStep } from './runtime/step.ts'
import { computeDue } from './timer.ts'
import { type Engine, StepError, type StepRequest, type TaskRunner } from './types.ts'

/** Definitions kept ready, by checksum; each holds about ten times the size of its XML. */
const maximumPrepared = 200

/**
 * The engine on the calling thread: what the worker threads run, and what tests of the engine use.
 * A diagram or expression that does not end blocks the caller; the pool is what the server uses.
 */
export function createInlineEngine(): Engine {
  const prepared = new Map<string, PreparedDefinition>()

  function definitionOf({ checksum, context, key }: StepRequest['definition']): PreparedDefinition {
    const id = `${checksum} ${key}`
    const known = prepared.get(id) ?? prepare(context, key)
    // Re-inserted, so that the first entry is the one not used for longest.
    prepared.delete(id)
    prepared.set(id, known)
    const [oldest] = prepared.keys()
    if (prepared.size > maximumPrepared && oldest !== undefined) prepared.delete(oldest)
    return known
  }

  return {
    compile,
    step: async (request: StepRequest, runTask: TaskRunner) => runStep(definitionOf(request.definition), elements, request, runTask),
    evaluate: async (expression, scope, variables) => evaluating(() => fromFeel(evaluateRaw(expression, scope, namesOf(variables)))),
    dueAt: async (timer, scope, variables) => evaluating(() => computeDue(timer, scope, namesOf(variables)).dueAt),
    close: async () => prepared.clear(),
  }
}

function prepare(context: string, key: string): PreparedDefinition {
  try {
    return prepareDefinition(context, key)
  } catch (error) {
    throw new StepError('ENGINE_FAILED', `The definition cannot be read: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  }
}

const namesOf = (variables: Names['variables']): Names => ({ variables, locals: [] })

function evaluating<T>(evaluate: () => T): T {
  try {
    return evaluate()
  } catch (error) {
    if (!(error instanceof ExpressionError || error instanceof TypeError || error instanceof RangeError)) throw error
    throw new StepError('EXPRESSION_FAILED', error.message, { cause: error })
  }
}
