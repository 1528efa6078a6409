import type { Problem } from '../types.ts'
import type { ModdleElement } from './moddle.ts'
import type { XmlDocument, XmlElement } from './xml.ts'

/** A problem as a rule sees it: with the element, before the element is turned into a place in the file. */
export interface Finding {
  severity: 'error' | 'warning'
  rule: string
  at: ModdleElement | XmlElement | null
  message: string
  hint: string
}

/** Something that keeps the definition from being used. */
export function error(rule: string, at: Finding['at'], message: string, hint: string): Finding {
  return { severity: 'error', rule, at, message: sentence(message), hint }
}

/** Something that is allowed but probably not meant. */
export function warning(rule: string, at: Finding['at'], message: string, hint: string): Finding {
  return { severity: 'warning', rule, at, message: sentence(message), hint }
}

/** Messages often begin with how an element is called, "the …" when it has no name. */
function sentence(message: string): string {
  return message.replace(/^the /, 'The ')
}

/**
 * Turns a finding into a problem: names the nearest element that has an id and says where it begins.
 * Line and column are null when the finding concerns the file as a whole.
 */
export function toProblem(finding: Finding, xml: XmlDocument | null): Problem {
  const { severity, rule, message, hint, at } = finding
  const place = at === null ? null : 'offset' in at ? placeOfXml(at) : placeOfModdle(at, xml)
  return { severity, rule, ...(place ?? { elementId: null, elementName: null, line: null, column: null }), message, hint }
}

type Place = Pick<Problem, 'elementId' | 'elementName' | 'line' | 'column'>

function placeOfXml(element: XmlElement): Place {
  const named = nearestWithId(element)
  return {
    elementId: named?.id ?? null,
    elementName: named?.attributes.get('name') ?? null,
    line: element.line,
    column: element.column,
  }
}

function nearestWithId(element: XmlElement): XmlElement | null {
  for (let at: XmlElement | null = element; at; at = at.parent) if (at.id !== null) return at
  return null
}

function placeOfModdle(element: ModdleElement, xml: XmlDocument | null): Place | null {
  for (let at: ModdleElement | undefined = element; at; at = at.$parent) {
    if (!at.id) continue
    const source = xml?.byId.get(at.id)
    return { elementId: at.id, elementName: at.name ?? null, line: source?.line ?? null, column: source?.column ?? null }
  }
  return null
}

/** One line for a terminal: `file:line:column severity rule element: message (hint)`. */
export function formatProblem(problem: Problem, file: string): string {
  const place = problem.line === null ? file : `${file}:${problem.line}:${problem.column}`
  const name = problem.elementName?.replace(/\s+/g, ' ')
  const element = problem.elementId === null ? '' : ` ${problem.elementId}${name ? ` "${name}"` : ''}`
  return `${place} ${problem.severity} ${problem.rule}${element}: ${problem.message} ${problem.hint}`.trimEnd()
}
