import type { ActionResult } from '../../../src/contracts/index.ts'
import type { Answer, TestAgent } from '../../helpers/parley.ts'

interface Step {
  id: string
  /** Task type; absent = a user task. */
  type?: string
  formId?: string
  inputs?: Record<string, string>
  outputs?: Record<string, string>
}

/** BPMN of steps one after the other; `start` are the outputs of the start event, which declare the inputs. */
export function processOf(key: string, steps: Step[], start: Record<string, string> = {}): string {
  const io = (inputs: Record<string, string>, outputs: Record<string, string>) => {
    const lines = [
      ...Object.entries(inputs).map(([target, source]) => `<zeebe:input source="${source}" target="${target}" />`),
      ...Object.entries(outputs).map(([target, source]) => `<zeebe:output source="${source}" target="${target}" />`),
    ]
    return lines.length === 0 ? '' : `<zeebe:ioMapping>${lines.join('')}</zeebe:ioMapping>`
  }
  const nodes = steps.map(({ id, type, formId, inputs = {}, outputs = {} }, index) => {
    const ends = `<bpmn:incoming>f${index}</bpmn:incoming><bpmn:outgoing>f${index + 1}</bpmn:outgoing>`
    if (type === undefined)
      return `<bpmn:userTask id="${id}" name="${id}"><bpmn:extensionElements><zeebe:userTask />${formId ? `<zeebe:formDefinition formId="${formId}" />` : ''}${io(inputs, outputs)}</bpmn:extensionElements>${ends}</bpmn:userTask>`
    return `<bpmn:serviceTask id="${id}" name="${id}"><bpmn:extensionElements><zeebe:taskDefinition type="${type}" />${io(inputs, outputs)}</bpmn:extensionElements>${ends}</bpmn:serviceTask>`
  })
  const ids = ['begin', ...steps.map((step) => step.id), 'finish']
  const flows = ids.slice(1).map((id, index) => `<bpmn:sequenceFlow id="f${index}" sourceRef="${ids[index]}" targetRef="${id}" />`)
  return `<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" id="d_${key}" targetNamespace="http://parley.local/test">
  <bpmn:process id="${key}" name="${key}" isExecutable="true">
    <bpmn:startEvent id="begin" name="Begin"><bpmn:extensionElements>${io({}, start)}</bpmn:extensionElements><bpmn:outgoing>f0</bpmn:outgoing></bpmn:startEvent>
    ${nodes.join('\n    ')}
    <bpmn:endEvent id="finish" name="Finish"><bpmn:incoming>f${steps.length}</bpmn:incoming></bpmn:endEvent>
    ${flows.join('\n    ')}
  </bpmn:process>
</bpmn:definitions>`
}

/** Uploads and activates a process, with its forms, and makes it a quick action; answers the action's id. */
export async function addAction(admin: TestAgent, key: string, xml: string, forms: Record<string, unknown> = {}): Promise<string> {
  const boundary = 'part-of-the-upload'
  const parts = { bpmn: xml, forms: JSON.stringify(forms) }
  const body = Object.entries(parts).map(
    ([name, value]) => `--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  )
  const headers = { 'content-type': `multipart/form-data; boundary=${boundary}` }
  const uploaded = await admin.call('POST', '/api/processes?activate=true', `${body.join('')}--${boundary}--\r\n`, headers)
  if (uploaded.status !== 201) throw new Error(`The upload answered ${uploaded.status}: ${JSON.stringify(uploaded.body)}`)
  return (await admin.ok<{ id: string }>('POST', '/api/quick-actions', { caption: key, processKey: key })).id
}

type Refused = { code: string; detail: string; problems: { path: string; message: string }[] }

export const run = (
  agent: TestAgent,
  chatId: string,
  actionId: string,
  inputs?: Record<string, unknown>,
): Promise<Answer<ActionResult & Refused>> =>
  agent.call('POST', `/api/chats/${chatId}/actions/${actionId}`, inputs === undefined ? undefined : { inputs })

export const submit = (agent: TestAgent, taskId: string, variables: Record<string, unknown>): Promise<Answer<ActionResult & Refused>> =>
  agent.call('POST', `/api/tasks/${encodeURIComponent(taskId)}/complete`, { variables })
