import { Engine } from 'bpmn-engine'
import type { PreparedDefinition } from '../prepared-definition.ts'
import { StepError, type StepRequest, type StepResult, type TaskRunner } from '../types.ts'
import { Run } from './run.ts'
import { StateMismatch } from './state.ts'
import { TokenExecution } from './token-execution.ts'
import { TokenProcess } from './token-process.ts'

const stateVersion = 1

interface SavedState {
  version: number
  definition: { id: string; execution?: { processes: { id: string }[] } }
}

/** bpmn-engine's expressions, scripts and timers, switched off: a diagram brings data, never code or clocks. */
const inert = {
  expressions: { resolveExpression: (text: string) => text, isExpression: () => false, hasExpression: () => false },
  scripts: { register: () => undefined, getScript: () => undefined },
  timers: {
    executing: [],
    register: () => inert.timers,
    setTimeout: () => {
      throw new Error('The engine owns no clock')
    },
    clearTimeout: () => undefined,
  },
}

/**
 * Runs one step of one instance in a bpmn-engine of its own: recover or start, deliver exactly one
 * thing, move tokens until all wait, save.
 * @throws StepError
 */
export async function runStep(
  definition: PreparedDefinition,
  elements: Record<string, unknown>,
  request: StepRequest,
  runTask: TaskRunner,
): Promise<StepResult> {
  const run = new Run({ instanceId: request.instanceId, scope: request.scope, runTask, modelOf: definition.modelOf })
  try {
    return await stepIn(run, definition, elements, request)
  } catch (error) {
    if (error instanceof StepError) throw error
    const message = error instanceof Error ? error.message : String(error)
    throw run.error(error instanceof StateMismatch ? 'STATE_INVALID' : 'ENGINE_FAILED', message, { cause: error })
  }
}

async function stepIn(
  run: Run,
  definition: PreparedDefinition,
  elements: Record<string, unknown>,
  request: StepRequest,
): Promise<StepResult> {
  const saved = request.state === null ? null : parseState(request.state, request.definition.key)
  if (!saved && request.delivery.kind !== 'start') throw run.error('NOT_WAITING', 'The instance has not started')
  const { bpmnDefinition, process } = await openProcess(definition, elements, request, saved)
  const execution = new TokenExecution(run, definition.model, request.variables, process.tokens.saved)
  await execution.step(request.delivery, !saved)
  const variables = execution.root.variables ?? {}
  const done = { variables, waits: execution.waits(), thrown: run.thrown, log: run.log, executions: run.executions }
  if (execution.root.ended) {
    process.tokens.complete()
    return { outcome: 'completed', state: null, ...done }
  }
  process.tokens.saved = execution.save()
  const state = { version: stateVersion, definition: bpmnDefinition.getState() }
  return { outcome: 'running', state: JSON.stringify(state), ...done }
}

async function openProcess(
  definition: PreparedDefinition,
  elements: Record<string, unknown>,
  request: StepRequest,
  saved: SavedState | null,
) {
  const { sourceContext } = definition
  const engine = new Engine({ ...inert, name: request.instanceId, sourceContext, elements, settings: { strict: true } } as never)
  if (saved) engine.recover({ name: request.instanceId, definitions: [{ ...saved.definition, id: sourceContext.id }] } as never)
  const execution = saved ? await engine.resume() : await engine.execute()
  const bpmnDefinition = execution.definitions[0]
  const process = bpmnDefinition?.getProcessById(request.definition.key)
  if (!bpmnDefinition || !(process instanceof TokenProcess))
    throw new StateMismatch(`The state is of no process "${request.definition.key}"`)
  return { bpmnDefinition, process }
}

function parseState(text: string, key: string): SavedState {
  let state: SavedState
  try {
    state = JSON.parse(text) as SavedState
  } catch (error) {
    throw new StateMismatch('The saved state is no JSON', { cause: error })
  }
  if (state?.version !== stateVersion || !state.definition) throw new StateMismatch('The saved state is of an unknown version')
  const ids = state.definition.execution?.processes.map(({ id }) => id) ?? []
  if (!ids.includes(key)) throw new StateMismatch(`The saved state is of "${ids.join('", "')}", not of "${key}"`)
  return state
}
