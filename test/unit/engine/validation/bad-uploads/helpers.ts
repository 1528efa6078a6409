import { around, end, flow, flows, process, start } from '../bpmn.ts'

export interface BadUpload {
  name: string
  xml: string
  rule: string
  /** The element the problem must name. */
  element: string | null
  /** error when absent */
  severity?: 'warning'
}

export const catching = (definition: string, id = 'catch') =>
  `<bpmn:intermediateCatchEvent id="${id}" name="Catch">${definition}</bpmn:intermediateCatchEvent>`
export const boundary = (definition: string, attributes = '') =>
  `<bpmn:boundaryEvent id="boundary" name="Boundary" attachedToRef="wait" ${attributes}>${definition}</bpmn:boundaryEvent><bpmn:endEvent id="other_end" name="Other end" />${flow('boundary', 'other_end')}`
export const message = '<bpmn:messageEventDefinition messageRef="message_received" />'
export const gateway = (type: string, ...conditions: (string | undefined)[]) =>
  process(
    start,
    `<bpmn:${type}Gateway id="gateway" name="Which?" />`,
    flows('start', 'gateway'),
    ...conditions.map((condition, index) => `<bpmn:endEvent id="end_${index}" name="End" />${flow('gateway', `end_${index}`, condition)}`),
  )
export const many = (loop: string) =>
  around('wait', `<bpmn:receiveTask id="wait" name="Wait" messageRef="message_received">${loop}</bpmn:receiveTask>`)
export const multi = (collection: string) =>
  many(
    `<bpmn:multiInstanceLoopCharacteristics><bpmn:extensionElements><zeebe:loopCharacteristics inputCollection="${collection}" inputElement="item" /></bpmn:extensionElements></bpmn:multiInstanceLoopCharacteristics>`,
  )
export const extended = (type: string, extension: string) =>
  around('node', `<bpmn:${type} id="node" name="Node"><bpmn:extensionElements>${extension}</bpmn:extensionElements></bpmn:${type}>`)
export const chain = (count: number) => {
  const ids = Array.from({ length: count }, (_, index) => `wait_${index}`)
  const tasks = ids.map((id) => `<bpmn:receiveTask id="${id}" name="Wait" messageRef="message_received" />`)
  return process(start, ...tasks, end, flows('start', ...ids, 'end'))
}
