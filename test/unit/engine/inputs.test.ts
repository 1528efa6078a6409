import t from 'tap'
import { compileUnchecked } from '../../../src/engine/compile.ts'
import { readInputs } from '../../../src/engine/index.ts'

const diagram = (start: string, inside: string) => `<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:zeebe="http://camunda.org/schema/zeebe/1.0" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" id="d" targetNamespace="http://parley.local/t">
  <bpmn:process id="p" name="P" isExecutable="true">
    <bpmn:startEvent id="start" name="Start"><bpmn:extensionElements>${start}</bpmn:extensionElements><bpmn:outgoing>a</bpmn:outgoing></bpmn:startEvent>
    <bpmn:serviceTask id="task" name="Task"><bpmn:extensionElements><zeebe:taskDefinition type="variables.set" />${inside}</bpmn:extensionElements><bpmn:incoming>a</bpmn:incoming><bpmn:outgoing>b</bpmn:outgoing></bpmn:serviceTask>
    <bpmn:endEvent id="end" name="End"><bpmn:incoming>b</bpmn:incoming></bpmn:endEvent>
    <bpmn:sequenceFlow id="a" sourceRef="start" targetRef="task" />
    <bpmn:sequenceFlow id="b" sourceRef="task" targetRef="end"><bpmn:conditionExpression xsi:type="bpmn:tFormalExpression">=wanted and not(done)</bpmn:conditionExpression></bpmn:sequenceFlow>
  </bpmn:process>
</bpmn:definitions>`

const inputsOf = async (start: string, inside: string, supplied: string[] = []) =>
  readInputs(await compileUnchecked(diagram(start, inside)), supplied).map(({ name, required }) => `${name}${required ? '!' : ''}`)

const io = (...mappings: [kind: 'input' | 'output', source: string, target: string][]) =>
  `<zeebe:ioMapping>${mappings.map(([kind, source, target]) => `<zeebe:${kind} source="${source}" target="${target}" />`).join('')}</zeebe:ioMapping>`

t.test('the start event declares inputs: plain ones are needed, those in an expression are not', async (t) => {
  const start = io(
    ['output', '=contactId', 'contactId'],
    ['output', '=if note = null then &quot;&quot; else note', 'note'],
    ['output', 'fixed', 'kind'],
  )
  t.same(await inputsOf(start, ''), ['contactId!', 'note', 'wanted', 'done'])
})

t.test('what expressions read and nothing supplies may be given', async (t) => {
  const inside = io(
    ['input', '=upper case(text) + chat.contact.name + agent.name', 'x'],
    ['output', '=x', 'done'],
    ['output', '=count([1])', 'n'],
  )
  t.same(await inputsOf('', inside), ['text', 'wanted'])
  t.same(await inputsOf('', inside, ['text', 'wanted']), [], 'forms and tasks supply too')
})
