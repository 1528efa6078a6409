const namespaces = [
  'xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL"',
  'xmlns:zeebe="http://camunda.org/schema/zeebe/1.0"',
  'xmlns:camunda="http://camunda.org/schema/1.0/bpmn"',
  'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"',
].join(' ')

/** A file around root elements. */
export const file = (...roots: string[]) =>
  `<bpmn:definitions ${namespaces} id="definitions" targetNamespace="http://parley.test">\n${roots.join('\n')}\n</bpmn:definitions>`

const messages = ['message.received', 'chat.created', 'agent.completed']
  .map((name) => `<bpmn:message id="${name.replace('.', '_')}" name="${name}" />`)
  .join('\n')

/** A file with one executable process, with messages to refer to by "message_received", "chat_created" and "agent_completed". */
export const process = (...elements: string[]) =>
  file(messages, `<bpmn:process id="example" name="Example" isExecutable="true">\n${elements.join('\n')}\n</bpmn:process>`)

/** Sequence flows along a chain of ids. */
export const flows = (...ids: string[]) =>
  ids
    .slice(1)
    .map((id, index) => flow(ids[index] ?? '', id))
    .join('\n')

/** A sequence flow, with a FEEL condition if given. */
export const flow = (from: string, to: string, condition?: string) =>
  condition === undefined
    ? `<bpmn:sequenceFlow id="${from}_${to}" sourceRef="${from}" targetRef="${to}" />`
    : `<bpmn:sequenceFlow id="${from}_${to}" sourceRef="${from}" targetRef="${to}"><bpmn:conditionExpression>${escaped(condition)}</bpmn:conditionExpression></bpmn:sequenceFlow>`

export const start = '<bpmn:startEvent id="start" name="Start"><bpmn:messageEventDefinition messageRef="chat_created" /></bpmn:startEvent>'
export const plainStart = '<bpmn:startEvent id="start" name="Start" />'
export const end = '<bpmn:endEvent id="end" name="End" />'
export const wait = '<bpmn:receiveTask id="wait" name="Wait" messageRef="message_received" />'

/** A process that is one element between start and end. */
export const around = (id: string, ...elements: string[]) => process(start, ...elements, end, flows('start', id, 'end'))

/** A service task with inputs and outputs by target. */
export function task(id: string, type: string, inputs: Record<string, string> = {}, outputs: Record<string, string> = {}, extra = '') {
  const mapping = [
    ...Object.entries(inputs).map(([target, source]) => `<zeebe:input source="${escaped(source)}" target="${target}" />`),
    ...Object.entries(outputs).map(([target, source]) => `<zeebe:output source="${escaped(source)}" target="${target}" />`),
  ]
  return `<bpmn:serviceTask id="${id}" name="Do it"><bpmn:extensionElements><zeebe:taskDefinition type="${type}" /><zeebe:ioMapping>${mapping.join('')}</zeebe:ioMapping>${extra}</bpmn:extensionElements></bpmn:serviceTask>`
}

export const script = (id: string, expression: string) =>
  `<bpmn:scriptTask id="${id}" name="Compute"><bpmn:extensionElements><zeebe:script expression="${escaped(expression)}" resultVariable="result" /></bpmn:extensionElements></bpmn:scriptTask>`

export const timer = (kind: string, text: string) =>
  `<bpmn:timerEventDefinition><bpmn:${kind}>${escaped(text)}</bpmn:${kind}></bpmn:timerEventDefinition>`

export const escaped = (text: string) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/"/g, '&quot;')
