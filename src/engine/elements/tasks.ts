import { completeActivity, enterActivity, waitInActivity } from '../runtime/activity.ts'
import type { ElementBehaviour } from '../runtime/behaviour.ts'
import { throwError } from '../runtime/errors.ts'
import type { Execution, Variables } from '../runtime/execution.ts'
import type { Run } from '../runtime/run.ts'
import { eventNameOf } from '../runtime/subscriptions.ts'
import { namesAt } from '../runtime/variables.ts'
import type { TaskCall } from '../types.ts'
import { nodeOf } from './node.ts'

const defaultRetries = 3

/** A task without a type of its own does nothing and completes at once, as in Camunda 8. */
export const abstractTask: ElementBehaviour = {
  enter: (run, execution) => enterActivity(run, execution, () => completeActivity(run, execution, {}, { merge: false })),
}

/** A service task is bound to a task of the host by zeebe:taskDefinition; `implementation` is never read. */
export const serviceTask: ElementBehaviour = {
  enter: (run, execution) => enterActivity(run, execution, (inputs) => callHost(run, execution, inputs)),
  occurred: (run, execution, { outputs }) => completeActivity(run, execution, outputs, { merge: true }),
}

/** A send task calls the host when it is bound to a task type, else it throws its message. */
export const sendTask: ElementBehaviour = {
  enter: (run, execution) => enterActivity(run, execution, (inputs) => send(run, execution, inputs)),
  occurred: (run, execution, { outputs }) => completeActivity(run, execution, outputs, { merge: true }),
}

/** A user task waits for its form. */
export const userTask: ElementBehaviour = {
  enter: (run, execution) =>
    enterActivity(run, execution, (inputs) => {
      const node = nodeOf(run, execution)
      waitInActivity(run, execution, { id: execution.id, nodeId: node.id, role: 'self', kind: 'form', formId: node.formId, inputs })
    }),
  occurred: (run, execution, { outputs }) => completeActivity(run, execution, outputs, { merge: true }),
}

/** A receive task waits for its message; the payload is `event` while the step lasts. */
export const receiveTask: ElementBehaviour = {
  enter: (run, execution) =>
    enterActivity(run, execution, () => {
      const node = nodeOf(run, execution)
      const eventName = eventNameOf(run, execution, node, node.messageName)
      waitInActivity(run, execution, { id: execution.id, nodeId: node.id, role: 'self', kind: 'message', eventName })
    }),
  occurred: (run, execution, { payload }) => completeActivity(run, execution, {}, { merge: false, payload }),
}

/** A script task is FEEL (zeebe:script); scripts in any other language do not run. */
export const scriptTask: ElementBehaviour = {
  enter: (run, execution) => enterActivity(run, execution, (inputs) => runScript(run, execution, inputs)),
  occurred: (run, execution, { outputs }) => completeActivity(run, execution, outputs, { merge: true }),
}

function runScript(run: Run, execution: Execution, inputs: Variables): void | Promise<void> {
  const node = nodeOf(run, execution)
  if (node.task) return callHost(run, execution, inputs)
  if (!node.script) {
    throw run.error('ENGINE_FAILED', `"${node.name}" has no FEEL script; scripts in other languages do not run`, { elementId: node.id })
  }
  // zeebe:script is FEEL by nature: Camunda 8 writes it with "=", and a text without it would be a constant.
  const value = run.value(node.script.expression, namesAt(execution), node.id)
  completeActivity(run, execution, node.script.resultVariable ? { [node.script.resultVariable]: value } : {}, { merge: true })
}

function send(run: Run, execution: Execution, inputs: Variables): void | Promise<void> {
  const node = nodeOf(run, execution)
  if (node.task) return callHost(run, execution, inputs)
  run.thrown.push({ eventName: eventNameOf(run, execution, node, node.messageName), elementId: node.id, payload: inputs })
  completeActivity(run, execution, {}, { merge: false })
}

async function callHost(run: Run, execution: Execution, inputs: Variables) {
  const call = taskCall(run, execution, inputs)
  const outcome = await run.callTask(call)
  switch (outcome.status) {
    case 'completed':
      return completeActivity(run, execution, outcome.outputs, { merge: true })
    case 'error':
      return throwError(run, execution, outcome.code, outcome.message)
    case 'parked': {
      const { taskType, headers, retries } = call
      const base = { id: execution.id, nodeId: call.elementId, role: 'self' as const, kind: 'task' as const }
      return waitInActivity(run, execution, { ...base, taskType, inputs, headers, retries })
    }
  }
}

function taskCall(run: Run, execution: Execution, inputs: Variables): TaskCall {
  const node = nodeOf(run, execution)
  if (!node.task) throw run.error('ENGINE_FAILED', `"${node.name}" is bound to no task type`, { elementId: node.id })
  return {
    taskType: run.text(node.task.type, namesAt(execution), node.id),
    elementId: node.id,
    elementName: node.name,
    executionId: execution.id,
    inputs,
    headers: node.task.headers,
    retries: retriesOf(run, execution, node.task.retries),
  }
}

function retriesOf(run: Run, execution: Execution, source: string | null): number {
  if (source === null || source.trim() === '') return defaultRetries
  const value = run.value(source, namesAt(execution), execution.elementId)
  const retries = typeof value === 'string' ? Number(value) : value
  if (typeof retries === 'number' && Number.isInteger(retries) && retries >= 0) return retries
  throw run.error('EXPRESSION_FAILED', `The retries "${source}" are no whole number`, { elementId: execution.elementId })
}
