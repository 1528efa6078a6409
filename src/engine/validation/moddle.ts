import { BpmnModdle } from 'bpmn-moddle'
import zeebe from 'zeebe-bpmn-moddle/resources/zeebe.json' with { type: 'json' }
import { error, type Finding } from './finding.ts'
import type { XmlElement } from './xml.ts'

/** An element as the BPMN reader gives it; properties are read with the helpers below. */
export interface ModdleElement {
  readonly $type: string
  readonly $parent?: ModdleElement
  readonly id?: string
  readonly name?: string
}

interface ReadWarning {
  message: string
  element?: ModdleElement
  property?: string
  value?: string
}

interface ReadResult {
  rootElement: ModdleElement
  warnings: ReadWarning[]
}

/** Reads BPMN with the Zeebe extensions; what the reader complains about is an error, because it would be dropped in silence. */
export async function readBpmn(xml: string): Promise<{ definitions: ModdleElement | null; findings: Finding[] }> {
  const moddle = new BpmnModdle({ zeebe })
  let result: ReadResult
  try {
    result = (await moddle.fromXML(xml.replace(/^\ufeff/, ''))) as ReadResult
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause
    const hint = 'Upload a BPMN 2.0 file whose root element is <definitions>.'
    return { definitions: null, findings: [error('bpmn-syntax', null, firstLine(cause.message), hint)] }
  }
  return { definitions: result.rootElement, findings: result.warnings.map(fromWarning) }
}

function fromWarning(warning: ReadWarning): Finding {
  if (warning.property !== undefined && warning.message.startsWith('unresolved reference')) {
    const property = warning.property.replace(/^\w+:/, '')
    const message = `The reference ${property} points to "${warning.value ?? ''}", which does not exist.`
    return error('unresolved-reference', warning.element ?? null, message, 'Point it to an element of this file or remove it.')
  }
  const duplicate = /duplicate ID <(.*?)>/.exec(warning.message)
  if (duplicate)
    return error('duplicate-id', warning.element ?? null, `The id "${duplicate[1]}" is used twice.`, 'Give every element its own id.')
  const hint = 'Remove it, or correct its name: it is not part of BPMN 2.0 and would be ignored.'
  return error('bpmn-syntax', warning.element ?? placeIn(warning.message), firstLine(warning.message), hint)
}

/** The reader tells positions only inside its message, counted from 0. */
function placeIn(message: string): XmlElement | null {
  const place = /line: (\d+)\s+column: (\d+)/.exec(message)
  if (!place) return null
  return {
    ...{ name: '', namespace: '', local: '', attributes: new Map(), id: null, text: '', parent: null, namespaces: new Map(), offset: 0 },
    line: Number(place[1]) + 1,
    column: Number(place[2]) + 1,
  }
}

function firstLine(message: string): string {
  const nested = /nested error: (.*)/.exec(message)?.[1]
  const first = message.split('\n', 1)[0] ?? message
  const text = nested && !first.includes(nested) ? `${first}: ${nested}` : first
  return `${text.charAt(0).toUpperCase()}${text.slice(1).slice(0, 300).replace(/\.$/, '')}.`
}

function property(element: ModdleElement, name: string): unknown {
  return (element as unknown as Record<string, unknown>)[name]
}

function isElement(value: unknown): value is ModdleElement {
  return typeof value === 'object' && value !== null && typeof (value as { $type?: unknown }).$type === 'string'
}

/** A text property; undefined when absent or of another kind. */
export function textOf(element: ModdleElement | undefined, name: string): string | undefined {
  const value = element && property(element, name)
  return typeof value === 'string' ? value : undefined
}

/** A boolean property, with the value BPMN gives it when absent. */
export function flagOf(element: ModdleElement, name: string, absent: boolean): boolean {
  const value = property(element, name)
  return typeof value === 'boolean' ? value : absent
}

/** A number property; null when absent or no number. */
export function numberOf(element: ModdleElement | undefined, name: string): number | null {
  const value = element && property(element, name)
  return typeof value === 'number' && Number.isFinite(value) ? value : null
}

/** A child or a referenced element. */
export function elementOf(element: ModdleElement | undefined, name: string): ModdleElement | undefined {
  const value = element && property(element, name)
  return isElement(value) ? value : undefined
}

/** A list of children or of referenced elements; empty when absent. */
export function elementsOf(element: ModdleElement | undefined, name: string): ModdleElement[] {
  const value = element && property(element, name)
  return Array.isArray(value) ? value.filter(isElement) : []
}

/** Everything an element contains (not what it refers to). */
export function contentOf(element: ModdleElement): ModdleElement[] {
  const found: ModdleElement[] = []
  for (const key of Object.keys(element)) {
    if (key.startsWith('$')) continue
    const value = property(element, key)
    for (const item of Array.isArray(value) ? value : [value]) if (isElement(item) && item.$parent === element) found.push(item)
  }
  return found
}

/** The type without its prefix, e.g. "ServiceTask". */
export function typeOf(element: ModdleElement): string {
  return element.$type.slice(element.$type.indexOf(':') + 1)
}

/** The extension elements of a type such as "zeebe:TaskDefinition". */
export function extensionsOf(element: ModdleElement, type: string): ModdleElement[] {
  return elementsOf(elementOf(element, 'extensionElements'), 'values').filter((value) => value.$type === type)
}
