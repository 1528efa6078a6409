import { StepError } from '../../engine/index.ts'
import { isDatabaseUnavailable, sqlState } from '../../platform/db/database.ts'
import { AppError, conflict } from '../../platform/errors.ts'
import { ProcessRuleError } from './step.ts'

/** Codes of the host itself: a diagram that hands a task wrong values did not mean to refuse anything. */
const wrongDiagram = new Set(['INVALID_INPUT', 'INVALID_OUTPUT'])

/** serialization_failure and deadlock_detected: the whole transaction is tried again. */
const retryable = new Set(['40001', '40P01'])

/** The error of the database below a failed step, when it is the database and not the process that failed; else null. */
export function databaseTrouble(error: unknown): unknown {
  let current = error
  for (let depth = 0; current !== null && current !== undefined && depth < 10; depth++) {
    if (isDatabaseUnavailable(current) || retryable.has(sqlState(current) ?? '')) return current
    current = current instanceof Error ? current.cause : null
  }
  return null
}

/** Whether a failure is neither a refusal of the process nor of the database: something an administrator has to look at. */
export function isUnexpected(error: unknown): boolean {
  if (databaseTrouble(error) !== null) return false
  if (error instanceof ProcessRuleError) return true
  if (!(error instanceof StepError) || error.code === 'NOT_WAITING') return false
  if (error.bpmnErrorCode !== null) return wrongDiagram.has(error.bpmnErrorCode)
  return error.cause instanceof AppError ? error.cause.status >= 500 : true
}

/** A failed step of a request, as the caller is told: the process's own refusal keeps its code and reason. */
export function refusal(error: unknown, processName: string): unknown {
  const trouble = databaseTrouble(error)
  if (trouble !== null) return trouble
  if (isUnexpected(error)) {
    return new AppError('PROCESS_FAILED', 500, `The process "${processName}" could not do this: ${reasonOf(error)}`, {
      expose: true,
      cause: error,
    })
  }
  if (!(error instanceof StepError)) return error
  if (error.code === 'NOT_WAITING') return conflict('NOT_WAITING', error.message)
  if (error.bpmnErrorCode !== null) return conflict(error.bpmnErrorCode, error.message, { process: processName })
  return error.cause instanceof AppError ? error.cause : error
}

/** What may leave the process: the engine's own words, never those of an unknown error below it. */
function reasonOf(error: unknown): string {
  if (!(error instanceof StepError || error instanceof ProcessRuleError)) return 'something went wrong on our side.'
  if (!(error instanceof StepError) || error.code !== 'TASK_FAILED') return error.message
  return `the task "${error.elementId ?? ''}" failed. An administrator finds the reason in the step log.`
}
