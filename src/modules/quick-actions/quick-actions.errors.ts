import { AppError, conflict } from '../../platform/errors.ts'
import type { ValidationProblem } from '../../platform/http/validation.ts'

const sentence = (problems: readonly ValidationProblem[]) => problems.map(({ path, message }) => `${path} ${message}`).join('; ')

export const processInactive = (name: string) => conflict('PROCESS_INACTIVE', `The process of "${name}" is switched off.`)

export const invalidInputs = (problems: ValidationProblem[]) =>
  new AppError('INVALID_INPUTS', 422, `The inputs of the action are not right: ${sentence(problems)}.`, { details: { problems } })

export const invalidForm = (problems: ValidationProblem[]) =>
  new AppError('INVALID_FORM', 422, `The form is not filled in right: ${sentence(problems)}.`, { details: { problems } })

export const processNotRunnable = (processKey: string, reason: string) =>
  new AppError('PROCESS_NOT_RUNNABLE', 422, `The process ${processKey} cannot be a quick action: ${reason}.`)

export const queueNotFound = (ids: string[]) =>
  new AppError('QUEUE_NOT_FOUND', 422, `There is no queue ${ids.join(', ')}.`, { details: { queueIds: ids } })
