import { error, type Finding } from '../finding.ts'
import type { XmlDocument, XmlElement } from '../xml.ts'

const bpmn = 'http://www.omg.org/spec/BPMN/20100524/MODEL'
const flowNode =
  /^(startEvent|endEvent|intermediate(Catch|Throw)Event|boundaryEvent|[a-zA-Z]*[tT]ask|[a-zA-Z]*[sS]ubProcess|transaction|callActivity|[a-zA-Z]+Gateway)$/

/** Ids are part of the interface: every element that runs has one, and each is used once. */
export function* checkIdentity(xml: XmlDocument): Generator<Finding> {
  for (const element of xml.elements) {
    if (element.id !== null && xml.byId.get(element.id) !== element) yield duplicate(element, xml.byId.get(element.id)?.line ?? 0)
    if (element.namespace !== bpmn || (element.id ?? '').trim() !== '') continue
    if (flowNode.test(element.local) || element.local === 'sequenceFlow' || element.local === 'process') yield missing(element)
  }
}

function duplicate(element: XmlElement, line: number): Finding {
  const message = `The id "${element.id}" is already used in line ${line}.`
  return error('duplicate-id', element, message, 'Give every element its own id.')
}

function missing(element: XmlElement): Finding {
  const name = element.attributes.get('name')
  const message = `<${element.name}>${name ? ` "${name}"` : ''} has no id.`
  return error('missing-id', element, message, 'Give it a stable id in snake_case.')
}
