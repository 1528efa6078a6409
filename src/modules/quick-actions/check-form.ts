import { runInNewContext } from 'node:vm'
import { parsePhoneNumberFromString } from 'libphonenumber-js'
import type { ValidationProblem } from '../../platform/http/validation.ts'
import { type FormComponent, readComponents } from './form-fields.ts'
import { isPlain } from './process-inputs.ts'

/** Evaluates one FEEL expression of a form against its values. */
export type FeelEvaluator = (expression: string, variables: Record<string, unknown>) => Promise<unknown>

export interface CheckedForm {
  /** What was submitted for the fields that count. */
  values: Record<string, unknown>
  problems: ValidationProblem[]
}

type Values = Record<string, unknown>

/** How long one pattern may think about one value; a pattern that needs longer refuses the value. */
const patternTimeoutMs = 100
const maxTextLength = 20_000

const emailPattern = /^[^\s@]+@[^\s@.]+(\.[^\s@.]+)+$/

/**
 * Checks a submission against a form-js schema: each visible field's rules, and no value that is no field. Hidden and
 * disabled fields are left out, as form-js itself does. `data` is what the form started with. A task without a form
 * takes what it is given.
 */
export async function checkForm(schema: unknown, submitted: Values, data: Values, evaluate: FeelEvaluator): Promise<CheckedForm> {
  if (schema === null || schema === undefined) {
    const problems = isPlain(submitted) ? [] : [{ path: '', message: 'A field name begins with "$"' }]
    return { values: submitted, problems }
  }
  const check = new FormCheck({ ...data, ...submitted }, evaluate)
  const values = await check.fields(readComponents(schema), submitted, '')
  return { values, problems: check.problems }
}

/** One pass over the components of a form. */
class FormCheck {
  readonly problems: ValidationProblem[] = []
  readonly #variables: Values
  readonly #evaluate: FeelEvaluator

  constructor(variables: Values, evaluate: FeelEvaluator) {
    this.#variables = variables
    this.#evaluate = evaluate
  }

  /** Checks the fields of one level and answers their values. `at` is the path of the level, with its dot. */
  async fields(components: readonly FormComponent[], submitted: Values, at: string): Promise<Values> {
    const values: Values = {}
    const known = new Set<string>()
    await this.#level(components, submitted, at, values, known)
    this.#unknown(submitted, known, at, '')
    return values
  }

  async #level(components: readonly FormComponent[], submitted: Values, at: string, values: Values, known: Set<string>): Promise<void> {
    for (const component of components) {
      const hidden = component.hide !== null && (await this.#value(component.hide)) === true
      if (component.type === 'dynamiclist') await this.#list(component, hidden, submitted, at, values, known)
      else if (component.components.length > 0) {
        const inner = hidden ? [] : component.components
        if (component.path === null) await this.#level(inner, submitted, at, values, known)
        else await this.#group(component.path, inner, submitted, at, values, known)
      } else if (component.key !== null) {
        known.add(component.key)
        if (hidden || component.disabled) continue
        const value = read(submitted, component.key)
        await this.#field(component, value, `${at}${component.key}`)
        if (value !== undefined) write(values, component.key, value)
      }
    }
  }

  async #group(path: string, inner: readonly FormComponent[], submitted: Values, at: string, values: Values, known: Set<string>) {
    known.add(path)
    const value = read(submitted, path) ?? {}
    if (!isObject(value)) this.#add(`${at}${path}`, 'must be an object')
    else write(values, path, await this.fields(inner, value, `${at}${path}.`))
  }

  async #list(list: FormComponent, hidden: boolean, submitted: Values, at: string, values: Values, known: Set<string>): Promise<void> {
    const path = list.path ?? list.key
    if (path === null) return
    known.add(path)
    const entries = read(submitted, path) ?? []
    if (hidden) return
    if (!Array.isArray(entries) || entries.length > 1000) return this.#add(`${at}${path}`, 'must be a list')
    const rows: Values[] = []
    for (const [index, entry] of entries.entries()) {
      if (isObject(entry)) rows.push(await this.fields(list.components, entry, `${at}${path}.${index}.`))
      else this.#add(`${at}${path}.${index}`, 'must be an object')
    }
    write(values, path, rows)
  }

  /** The rules of one field, in the order in which form-js asks them. */
  async #field(field: FormComponent, value: unknown, path: string): Promise<void> {
    const rule = async (name: keyof FormComponent['rules']) => this.#value(field.rules[name])
    if (isEmpty(value) || (field.type === 'checkbox' && value === false)) {
      if ((await rule('required')) === true) this.#add(path, 'must be filled in')
      return
    }
    const wrong = wrongType(field, value) ?? this.#wrongOption(field, value)
    if (wrong !== null) return this.#add(path, wrong)
    const [pattern, type, min, max] = [
      await rule('pattern'),
      await rule('validationType'),
      numeric(await rule('min')),
      numeric(await rule('max')),
    ]
    const [minLength, maxLength] = [numeric(await rule('minLength')), numeric(await rule('maxLength'))]
    if (field.type === 'number') {
      if (min !== null && Number(value) < min) this.#add(path, `must be ${min} or more`)
      if (max !== null && Number(value) > max) this.#add(path, `must be ${max} or less`)
    }
    if (typeof value !== 'string') return
    if (typeof pattern === 'string' && pattern !== '' && !matches(pattern, value)) {
      const { patternErrorMessage } = field.rules
      this.#add(path, typeof patternErrorMessage === 'string' ? patternErrorMessage : 'does not have the expected form')
    }
    if (minLength !== null && value.trim().length < minLength) this.#add(path, `must have at least ${minLength} characters`)
    if (maxLength !== null && value.trim().length > maxLength) this.#add(path, `must have at most ${maxLength} characters`)
    if (type === 'email' && !emailPattern.test(value)) this.#add(path, 'must be an email address')
    if (type === 'phone' && !parsePhoneNumberFromString(value)?.isPossible())
      this.#add(path, 'must be a phone number such as +44 20 7946 0018')
  }

  #wrongOption(field: FormComponent, value: unknown): string | null {
    const dynamic = field.optionsKey === null ? null : read(this.#variables, field.optionsKey)
    const options = field.options ?? (Array.isArray(dynamic) ? dynamic.map((option) => (isObject(option) ? option.value : option)) : null)
    if (options === null || !['select', 'radio', 'checklist', 'taglist'].includes(field.type)) return null
    const chosen = Array.isArray(value) && ['checklist', 'taglist'].includes(field.type) ? value : [value]
    const isOption = (item: unknown) => options.some((option) => JSON.stringify(option) === JSON.stringify(item))
    return chosen.every(isOption) ? null : `must be one of ${options.map((option) => JSON.stringify(option)).join(', ')}`
  }

  /** Values that belong to no field; a dotted key makes the objects on its way known. */
  #unknown(submitted: Values, known: ReadonlySet<string>, at: string, below: string): void {
    for (const [name, value] of Object.entries(submitted)) {
      const key = `${below}${name}`
      if (known.has(key)) continue
      const isOnTheWay = [...known].some((other) => other.startsWith(`${key}.`))
      if (isOnTheWay && isObject(value)) this.#unknown(value, known, at, `${key}.`)
      else this.#add(`${at}${key}`, 'is no field of this form')
    }
  }

  async #value(rule: unknown): Promise<unknown> {
    if (typeof rule !== 'string' || !rule.trim().startsWith('=')) return rule
    return this.#evaluate(rule, this.#variables)
  }

  #add(path: string, message: string): void {
    this.problems.push({ path, message })
  }
}

/** What is wrong with the kind of value; null when nothing is. */
function wrongType(field: FormComponent, value: unknown): string | null {
  switch (field.type) {
    case 'textfield':
    case 'textarea':
    case 'datetime':
      if (typeof value !== 'string') return 'must be a text'
      if (value.length > maxTextLength) return `must have at most ${maxTextLength} characters`
      return field.type === 'datetime' ? wrongTime(field.subtype, value) : null
    case 'number':
      if (!isNumber(value)) return 'must be a number'
      return field.decimalDigits !== null && decimals(value) > field.decimalDigits
        ? `must have at most ${field.decimalDigits} decimal digits`
        : null
    case 'checkbox':
      return typeof value === 'boolean' ? null : 'must be true or false'
    case 'checklist':
    case 'taglist':
      return Array.isArray(value) ? null : 'must be a list'
    default:
      return isPlain(value) ? null : 'has a field whose name begins with "$"'
  }
}

function wrongTime(subtype: string, value: string): string | null {
  const date = '[0-9]{4}-[0-9]{2}-[0-9]{2}'
  const time = '[0-9]{2}:[0-9]{2}(:[0-9]{2}(\\.[0-9]+)?)?(Z|[+-][0-9]{2}:[0-9]{2})?'
  const form = subtype === 'time' ? time : subtype === 'datetime' ? `${date}T${time}` : date
  const isReal = subtype === 'time' || !Number.isNaN(Date.parse(value))
  return new RegExp(`^${form}$`).test(value) && isReal ? null : `must be a ${subtype}`
}

/** A number, or its text: form-js can keep numbers as texts. */
const isNumber = (value: unknown) =>
  typeof value === 'number' ? Number.isFinite(value) : typeof value === 'string' && /^-?[0-9]{1,30}(\.[0-9]{1,30})?$/.test(value)
const decimals = (value: unknown) => /\.([0-9]+)$/.exec(String(value))?.[1]?.length ?? 0
const numeric = (value: unknown) =>
  value === null || value === undefined || value === '' || Number.isNaN(Number(value)) ? null : Number(value)
const isObject = (value: unknown): value is Values => typeof value === 'object' && value !== null && !Array.isArray(value)
const isEmpty = (value: unknown) =>
  value === undefined ||
  value === null ||
  (typeof value === 'string' && value.trim() === '') ||
  (Array.isArray(value) && value.length === 0)

/** A form's author wrote the pattern and anybody the value, so it runs with a deadline. */
function matches(pattern: string, value: string): boolean {
  try {
    return runInNewContext('new RegExp(pattern).test(value)', { pattern, value }, { timeout: patternTimeoutMs }) === true
  } catch {
    // Too slow or no pattern at all: such a value has not passed.
    return false
  }
}

function read(values: Values, path: string): unknown {
  let current: unknown = values
  for (const name of path.split('.')) {
    if (!isObject(current) || !Object.hasOwn(current, name)) return undefined
    current = current[name]
  }
  return current
}

function write(values: Values, path: string, value: unknown): void {
  const names = path.split('.')
  const last = names.pop() ?? path
  let current = values
  for (const name of names) {
    const next = Object.hasOwn(current, name) ? current[name] : undefined
    const inner = isObject(next) ? next : {}
    define(current, name, inner)
    current = inner
  }
  define(current, last, value)
}

/** As own property, whatever it is called. */
function define(target: Values, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, enumerable: true, writable: true, configurable: true })
}
