import type { TaskTypeInfo } from '../../types.ts'
import { type Diagram, type FlowNode, nameOf } from '../diagram.ts'
import { isFeel } from '../feel.ts'
import { error, type Finding, warning } from '../finding.ts'
import { elementOf, extensionsOf, textOf } from '../moddle.ts'
import { closest } from '../suggest.ts'
import { type Mapping, mappingsOf, taskTypeOf } from '../variables.ts'

/** Tasks are bound to something that exists and get what it needs. */
export function* checkTasks(diagram: Diagram): Generator<Finding> {
  const types = new Map(diagram.catalog.tasks.map((task) => [task.type, task]))
  for (const node of diagram.nodes) {
    if (isBound(node)) yield* checkBinding(node, types)
    else if (node.type === 'ScriptTask') yield* checkScript(node)
    yield* checkTargets(node)
    yield* checkForm(node, diagram.catalog.formIds)
  }
}

/** A send task may throw a message and a script task may be FEEL; a service task must name its work. */
function isBound(node: FlowNode): boolean {
  if (node.type === 'ServiceTask') return true
  if (node.type === 'SendTask') return taskTypeOf(node) !== null || elementOf(node.element, 'messageRef') === undefined
  return node.type === 'ScriptTask' && taskTypeOf(node) !== null
}

function* checkBinding(node: FlowNode, types: Map<string, TaskTypeInfo>): Generator<Finding> {
  const { element } = node
  const type = taskTypeOf(node)
  if (type === null) {
    yield error('task-type', element, `${nameOf(element)} has no task type.`, 'Choose one in zeebe:taskDefinition.')
    return
  }
  const info = types.get(type)
  if (!info) {
    const meant = closest(type, types.keys())
    const hint = meant ? `Did you mean "${meant}"?` : `Known types: ${[...types.keys()].join(', ')}.`
    const message = isFeel(type) ? `The task type of ${nameOf(element)} is an expression.` : `There is no task type "${type}".`
    yield error('task-type', element, message, isFeel(type) ? 'Name the task type itself.' : hint)
    return
  }
  const retries = textOf(extensionsOf(element, 'zeebe:TaskDefinition')[0], 'retries')
  if (retries !== undefined && !isFeel(retries) && !/^\d{1,2}$/.test(retries.trim())) {
    yield error('task-retries', element, `"${retries}" is no number of retries.`, 'Write a whole number from 0 to 99.')
  }
  yield* checkInputs(node, info)
}

function* checkInputs(node: FlowNode, info: TaskTypeInfo): Generator<Finding> {
  const { properties, required = [], additionalProperties = false } = info.inputSchema
  const inputs = mappingsOf(node.element, 'inputParameters')
  const given = new Set(inputs.map((input) => input.target.split('.', 1)[0] ?? ''))
  for (const name of required) {
    if (given.has(name)) continue
    const message = `${nameOf(node.element)} lacks the input "${name}" of ${info.type}.`
    yield error('missing-input', node.element, message, `Add an input mapping with the target "${name}".`)
  }
  for (const name of given) {
    if (Object.hasOwn(properties, name) || additionalProperties || name === '') continue
    const meant = closest(name, Object.keys(properties))
    const hint = meant ? `Did you mean "${meant}"?` : `Inputs of ${info.type}: ${Object.keys(properties).join(', ')}.`
    yield error('unknown-input', node.element, `${info.type} has no input "${name}".`, hint)
  }
  for (const input of inputs) yield* checkLiteral(node, input, properties[input.target])
}

/** A literal must be a value the schema allows; expressions are checked when they run. */
function* checkLiteral(node: FlowNode, { source, target }: Mapping, schema: unknown): Generator<Finding> {
  if (isFeel(source) || typeof schema !== 'object' || schema === null) return
  const allowed = literalsOf(schema)
  if (allowed && !allowed.includes(source)) {
    const message = `The input "${target}" is "${source}".`
    yield error('bad-input', node.element, message, `Write one of ${allowed.join(', ')}, or an expression that begins with "=".`)
  } else if ('type' in schema && typeof schema.type === 'string' && schema.type !== 'string') {
    const message = `The input "${target}" is the text "${source}", but a ${schema.type} is expected.`
    yield error('bad-input', node.element, message, `Write an expression, e.g. "=${source}".`)
  }
}

/** The texts a schema allows when it lists them; null when other values are allowed too. */
function literalsOf(schema: object): string[] | null {
  if ('const' in schema) return typeof schema.const === 'string' ? [schema.const] : null
  if ('enum' in schema && Array.isArray(schema.enum)) return schema.enum.filter((value): value is string => typeof value === 'string')
  if (!('anyOf' in schema) || !Array.isArray(schema.anyOf)) return null
  const lists = schema.anyOf.map((part: unknown) => (typeof part === 'object' && part !== null ? literalsOf(part) : null))
  return lists.every((list) => list !== null) ? lists.flat() : null
}

function* checkTargets({ element }: FlowNode): Generator<Finding> {
  for (const direction of ['inputParameters', 'outputParameters'] as const) {
    const seen = new Set<string>()
    for (const { source, target } of mappingsOf(element, direction)) {
      const what = direction === 'inputParameters' ? 'input' : 'output'
      if (!/^[\p{L}_][\p{L}\p{N}_]*(\.[\p{L}_][\p{L}\p{N}_]*)*$/u.test(target)) {
        yield error('mapping', element, `"${target}" is no name for an ${what}.`, 'Use letters, digits and "_".')
      } else if (seen.has(target)) {
        yield error('mapping', element, `The ${what} "${target}" is set twice.`, 'Keep one of them.')
      }
      if (source.trim() === '') yield error('mapping', element, `The ${what} "${target}" has no value.`, 'Give it a value or remove it.')
      seen.add(target)
    }
  }
}

function* checkScript({ element }: FlowNode): Generator<Finding> {
  const script = extensionsOf(element, 'zeebe:Script')[0]
  if (!script || !textOf(script, 'expression')?.trim()) {
    yield error('script', element, `${nameOf(element)} has no FEEL script.`, 'Write it in zeebe:script.')
  } else if (!textOf(script, 'resultVariable')?.trim()) {
    yield error('script', element, `The result of ${nameOf(element)} goes nowhere.`, 'Name a result variable in zeebe:script.')
  }
}

function* checkForm({ type, element }: FlowNode, formIds: string[]): Generator<Finding> {
  const form = extensionsOf(element, 'zeebe:FormDefinition')[0]
  const formId = textOf(form, 'formId')
  if (formId !== undefined && !formIds.includes(formId)) {
    const meant = closest(formId, formIds)
    const hint = meant ? `Did you mean "${meant}"?` : 'Upload the form with the process.'
    yield error('unknown-form', element, `There is no form "${formId}".`, hint)
  } else if (form && formId === undefined) {
    yield error('unknown-form', element, `The form of ${nameOf(element)} is not named by formId.`, 'Set formId in zeebe:formDefinition.')
  } else if (!form && type === 'UserTask') {
    yield warning('missing-form', element, `${nameOf(element)} has no form.`, 'Set formId in zeebe:formDefinition.')
  }
}
