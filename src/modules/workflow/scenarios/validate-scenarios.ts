import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import {
  AdvanceStep,
  EventStep,
  ExpectStep,
  FormStep,
  MessageStep,
  referencePattern,
  Scenario,
  StartStep,
  type Step,
} from '../../../contracts/scenarios.ts'
import type { CompiledDefinition } from '../../../engine/index.ts'
import { AppError } from '../../../platform/errors.ts'
import { describeErrors } from '../../../platform/http/validation.ts'
import { requests } from './scenario-run.ts'

/** `path` leads to the place, such as `0.steps.2.expect.waits`. */
export interface ScenarioProblem {
  path: string
  message: string
}

/** The schema of a step by the word that says what it does, so that an error is about that step and not about all kinds. */
const stepKinds = {
  event: Compile(EventStep),
  message: Compile(MessageStep),
  advance: Compile(AdvanceStep),
  form: Compile(FormStep),
  start: Compile(StartStep),
  expect: Compile(ExpectStep),
}
const frame = Compile(
  Type.Object({ ...Scenario.properties, steps: Type.Array(Type.Unknown(), { minItems: 1 }) }, { additionalProperties: false }),
)
const whole = Compile(Type.Array(Scenario))

/** Scenarios that anybody wrote, checked. @throws AppError 422 INVALID_SCENARIOS with all problems */
export function readScenarios(value: unknown, definition: CompiledDefinition): Scenario[] {
  if (!Array.isArray(value)) throw invalid([{ path: '', message: 'must be a list of scenarios' }])
  const problems = value.flatMap((scenario: unknown, index) => shapeProblems(scenario, String(index)))
  if (problems.length > 0) throw invalid(problems)
  if (!whole.Check(value)) throw invalid(describeErrors(whole.Errors(value)))
  const meant = [...repeatedNames(value), ...value.flatMap((scenario, index) => meaningProblems(scenario, String(index), definition))]
  if (meant.length > 0) throw invalid(meant)
  return value
}

function invalid(problems: ScenarioProblem[]): AppError {
  const [first] = problems
  const detail = first ? ` First: ${first.path === '' ? 'the value' : first.path} ${first.message}.` : ''
  return new AppError(
    'INVALID_SCENARIOS',
    422,
    `The scenarios have ${problems.length} problem${problems.length === 1 ? '' : 's'}.${detail}`,
    {
      details: { problems },
    },
  )
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value)

function shapeProblems(scenario: unknown, path: string): ScenarioProblem[] {
  const problems = frame.Check(scenario) ? [] : at(path, describeErrors(frame.Errors(scenario)))
  if (!isRecord(scenario) || !Array.isArray(scenario.steps)) return problems
  return [...problems, ...scenario.steps.flatMap((step: unknown, index) => stepProblems(step, `${path}.steps.${index}`))]
}

function stepProblems(step: unknown, path: string): ScenarioProblem[] {
  const names = Object.keys(stepKinds) as (keyof typeof stepKinds)[]
  const kinds = isRecord(step) ? names.filter((name) => name in step) : []
  const [kind] = kinds
  if (kind === undefined) return [{ path, message: `must have one of ${names.join(', ')}` }]
  if (kinds.length > 1) return [{ path, message: `must do one thing, not ${kinds.join(' and ')}` }]
  const validator = stepKinds[kind]
  return validator.Check(step) ? [] : at(path, describeErrors(validator.Errors(step)))
}

const at = (path: string, problems: readonly ScenarioProblem[]): ScenarioProblem[] =>
  problems.map((problem) => ({ path: problem.path === '' ? path : `${path}.${problem.path}`, message: problem.message }))

function repeatedNames(scenarios: readonly Scenario[]): ScenarioProblem[] {
  return scenarios.flatMap(({ name }, index) =>
    scenarios.findIndex((other) => other.name === name) < index
      ? [{ path: `${index}.name`, message: 'is the name of another scenario too' }]
      : [],
  )
}

/** Names of elements, agents, contacts and queues that do not exist, and requests by nobody. */
function meaningProblems(scenario: Scenario, path: string, definition: CompiledDefinition): ScenarioProblem[] {
  const elements = new Set(definition.elements.map((element) => element.id))
  const unknown = (where: string, id: string): ScenarioProblem[] =>
    elements.has(id) ? [] : [{ path: `${path}.${where}`, message: `names ${id}, which the process has not` }]
  const given = namesGiven(scenario)
  return [
    ...Object.keys(scenario.mocks ?? {}).flatMap((id) => unknown('mocks', id)),
    ...scenario.steps.flatMap((step, index) => [
      ...elementsOf(step).flatMap((id) => unknown(`steps.${index}`, id)),
      ...namesUsed(step)
        .filter((name) => !given.has(name))
        .map((name) => ({ path: `${path}.steps.${index}`, message: `names ${name}, which the scenario does not give` })),
      ...('event' in step && requests.has(step.event) && step.agent === undefined
        ? [{ path: `${path}.steps.${index}`, message: `needs "agent": ${step.event} is asked for by somebody` }]
        : []),
    ]),
  ]
}

function elementsOf(step: Step): string[] {
  if ('expect' in step) return step.expect.waits ?? []
  return 'form' in step ? [step.form] : []
}

/** "@agent:Ada" and so on, as references are written. */
function namesGiven({ given = {} }: Scenario): Set<string> {
  return new Set([
    '@queue:Scenario',
    `@contact:${given.customer?.name ?? 'Customer'}`,
    ...(given.agents ?? []).map(({ name }) => `@agent:${name}`),
    ...(given.contacts ?? []).map(({ name }) => `@contact:${name}`),
    ...(given.queues ?? []).map(({ name }) => `@queue:${name}`),
  ])
}

function namesUsed(step: Step): string[] {
  const agents = ['agent' in step ? step.agent : undefined, 'message' in step ? step.message.agent : undefined]
  return [...agents.flatMap((name) => (name === undefined ? [] : [`@agent:${name}`])), ...references(step)]
}

function references(value: unknown): string[] {
  if (typeof value === 'string') return referencePattern.test(value) ? [value] : []
  if (Array.isArray(value)) return value.flatMap(references)
  return isRecord(value) ? Object.values(value).flatMap(references) : []
}
