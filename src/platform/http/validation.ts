import type { FastifySchemaCompiler, FastifySchemaValidationError } from 'fastify'
import { type TSchema, Type } from 'typebox'
import { Compile } from 'typebox/compile'
import { Value } from 'typebox/value'

/** One thing that is wrong with a request: where it is (`queueIds.0`, empty for the whole) and what to mend. */
export interface ValidationProblem {
  path: string
  message: string
}

type SchemaNode = { [key: string]: unknown }

const isNode = (value: unknown): value is SchemaNode => typeof value === 'object' && value !== null && !Array.isArray(value)

/**
 * The same schema, with every object of it that lists its properties closed to others: a misspelt property is refused
 * instead of ignored. Objects that say `additionalProperties` themselves, and parts of an intersection, stay as they are.
 */
export function closeObjects(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(closeObjects)
  if (!isNode(schema) || 'allOf' in schema) return schema
  const closed: SchemaNode = { ...schema }
  for (const key of ['items', 'anyOf', 'oneOf']) if (key in closed) closed[key] = closeObjects(closed[key])
  if (isNode(schema.properties)) {
    closed.properties = Object.fromEntries(Object.entries(schema.properties).map(([name, value]) => [name, closeObjects(value)]))
    if (!('additionalProperties' in schema) && Object.keys(schema.properties).length > 0) closed.additionalProperties = false
  }
  return closed
}

/**
 * Compiles a route's schema. Path, query and header values come as text and are converted ("20" to 20, "true" to true);
 * bodies are taken as they are, and one that the schema calls optional may be missing. Defaults of the schema are filled
 * in.
 */
export const validatorCompiler: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  const isBody = httpPart === 'body'
  const wanted = (isBody ? closeObjects(schema) : schema) as TSchema
  const check = Compile(wanted)
  const mayBeMissing = isBody && Type.IsOptional(schema)
  return (input: unknown) => {
    if (mayBeMissing && (input === undefined || input === null)) return { value: input }
    const value = Value.Default(wanted, isBody ? input : Value.Convert(wanted, input))
    if (check.Check(value)) return { value }
    return { error: check.Errors(value) as FastifySchemaValidationError[] }
  }
}

const typeNames: Record<string, string> = {
  string: 'a text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  object: 'an object',
  array: 'a list',
  null: 'null',
}

const formatNames: Record<string, string> = {
  email: 'an email address',
  'date-time': 'a time such as 2030-01-31T08:00:00Z',
  date: 'a date such as 2030-01-31',
  uri: 'an address such as https://example.com',
  uuid: 'a UUID',
}

const plural = (count: unknown, noun: string) => `${count} ${noun}${count === 1 ? '' : 's'}`

/** Each keyword of JSON Schema in words; other keywords keep the validator's own message. */
const words: Record<string, (params: Record<string, unknown>) => string> = {
  type: ({ type }) =>
    `must be ${[type]
      .flat()
      .map((name) => typeNames[String(name)] ?? String(name))
      .join(' or ')}`,
  minLength: ({ limit }) => (limit === 1 ? 'must not be empty' : `must have at least ${plural(limit, 'character')}`),
  maxLength: ({ limit }) => `must have at most ${plural(limit, 'character')}`,
  minimum: ({ limit }) => `must be ${limit} or more`,
  maximum: ({ limit }) => `must be ${limit} or less`,
  exclusiveMinimum: ({ limit }) => `must be more than ${limit}`,
  exclusiveMaximum: ({ limit }) => `must be less than ${limit}`,
  minItems: ({ limit }) => `must have at least ${plural(limit, 'entry').replace('entrys', 'entries')}`,
  maxItems: ({ limit }) => `must have at most ${plural(limit, 'entry').replace('entrys', 'entries')}`,
  minProperties: ({ limit }) => `must name at least ${plural(limit, 'property').replace('propertys', 'properties')}`,
  format: ({ format }) => `must be ${formatNames[String(format)] ?? `of the format ${format}`}`,
  pattern: () => 'does not have the expected form',
  const: ({ allowedValue }) => `must be ${JSON.stringify(allowedValue)}`,
  enum: ({ allowedValues }) =>
    `must be one of ${[allowedValues]
      .flat()
      .map((value) => JSON.stringify(value))
      .join(', ')}`,
}

interface SchemaError {
  keyword: string
  instancePath: string
  schemaPath: string
  params: Record<string, unknown>
  message?: string | undefined
}

/** What is wrong, in plain words, one entry a place. */
export function describeErrors(errors: readonly SchemaError[]): ValidationProblem[] {
  const problems: ValidationProblem[] = []
  const add = (path: string, message: string) => {
    if (!problems.some((known) => known.path === path && known.message === message)) problems.push({ path, message })
  }
  for (const error of errors) {
    const path = readablePath(error.instancePath)
    if (error.keyword === 'required') for (const name of names(error.params.requiredProperties)) add(join(path, name), 'is missing')
    else if (error.keyword === 'additionalProperties')
      for (const name of names(error.params.additionalProperties)) add(join(path, name), 'is not known here')
    else if (error.keyword === 'anyOf') add(path, alternatives(errors, error))
    else if (error.keyword !== 'boolean' && !isBranch(errors, error))
      add(path, words[error.keyword]?.(error.params) ?? error.message ?? 'is not right')
  }
  return problems
}

/** True for the complaint of one branch of an `anyOf`, which the `anyOf` itself sums up. */
function isBranch(errors: readonly SchemaError[], error: SchemaError): boolean {
  return errors.some((other) => other.keyword === 'anyOf' && other !== error && error.schemaPath.startsWith(`${other.schemaPath}/anyOf/`))
}

/** What the branches of an `anyOf` allow: `must be one of "active", "inactive"`, or the first complaint that says more. */
function alternatives(errors: readonly SchemaError[], anyOf: SchemaError): string {
  const branches = errors.filter(
    (error) => error.schemaPath.startsWith(`${anyOf.schemaPath}/anyOf/`) && error.instancePath === anyOf.instancePath,
  )
  const allowed = branches.filter((error) => error.keyword === 'const').map((error) => JSON.stringify(error.params.allowedValue))
  if (allowed.length > 1) return `must be one of ${allowed.join(', ')}`
  const telling = branches.filter((error) => !(error.keyword === 'type' && error.params.type === 'null'))
  const [first] = telling
  return (first && words[first.keyword]?.(first.params)) ?? 'has none of the allowed forms'
}

function names(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : []
}

/** `/queueIds/0` as `queueIds.0`. */
function readablePath(pointer: string): string {
  return pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .join('.')
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`
}
