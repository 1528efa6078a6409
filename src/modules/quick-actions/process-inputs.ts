import type { Kysely } from 'kysely'
import { type CompiledDefinition, type ProcessInput, readInputs } from '../../engine/index.ts'
import type { ValidationProblem } from '../../platform/http/validation.ts'
import type { Schema } from '../../schema.ts'
import * as errors from './quick-actions.errors.ts'
import * as repo from './quick-actions.repo.ts'

/** Characters of all inputs of one start together, as JSON. */
const maxInputLength = 100_000
const maxVersions = 500

/** Names that the outputs of a task type supply. */
export type TaskOutputs = (taskType: string) => readonly string[]

/** What processes want to be given; read once a version, because versions never change. */
export class ProcessInputs {
  readonly #known = new Map<string, ProcessInput[]>()
  readonly #outputsOf: TaskOutputs

  constructor(outputsOf: TaskOutputs) {
    this.#outputsOf = outputsOf
  }

  async of(db: Kysely<Schema>, key: string, version: number): Promise<ProcessInput[]> {
    const id = `${key}@${version}`
    const known = this.#known.get(id)
    if (known) return known
    const row = await repo.readVersion(db, key, version)
    const compiled = row.compiled as unknown as CompiledDefinition
    const supplied = [...fieldKeys(Object.values(row.forms)), ...compiled.taskTypes.flatMap((type) => this.#outputsOf(type))]
    const inputs = readInputs(compiled, supplied)
    if (this.#known.size >= maxVersions) this.#known.clear()
    this.#known.set(id, inputs)
    return inputs
  }
}

/** First names of the keys of all fields in form-js schemas. */
function* fieldKeys(value: unknown): Generator<string> {
  if (Array.isArray(value)) for (const item of value) yield* fieldKeys(item)
  else if (typeof value === 'object' && value !== null) {
    const { key, path } = value as { key?: unknown; path?: unknown }
    for (const name of [key, path]) if (typeof name === 'string') yield name.split('.', 1)[0] ?? name
    for (const child of Object.values(value)) yield* fieldKeys(child)
  }
}

/** @throws AppError 422 INVALID_INPUTS naming each input that is missing, unknown or no plain JSON */
export function checkInputs(wanted: readonly ProcessInput[], inputs: Record<string, unknown>): void {
  const problems: ValidationProblem[] = []
  for (const { name, required } of wanted) {
    if (required && (inputs[name] === undefined || inputs[name] === null)) problems.push({ path: name, message: 'is missing' })
  }
  for (const [name, value] of Object.entries(inputs)) {
    if (!wanted.some((input) => input.name === name)) problems.push({ path: name, message: 'is no input of this action' })
    else if (!isPlain(value)) problems.push({ path: name, message: 'has a field whose name begins with "$"' })
  }
  if (JSON.stringify(inputs).length > maxInputLength)
    problems.push({ path: 'inputs', message: `must have at most ${maxInputLength} characters together` })
  if (problems.length > 0) throw errors.invalidInputs(problems)
}

/** Names that begin with "$" mark values of Parley's own in stored variables. */
export function isPlain(value: unknown): boolean {
  if (Array.isArray(value)) return value.every(isPlain)
  if (typeof value !== 'object' || value === null) return true
  return Object.entries(value).every(([name, item]) => !name.startsWith('$') && isPlain(item))
}
