import { around, script, task } from '../bpmn.ts'
import { type BadUpload, extended, many, multi } from './helpers.ts'

export const ofTasks: BadUpload[] = [
  {
    name: 'a service task without type',
    xml: around('node', '<bpmn:serviceTask id="node" name="Do it" />'),
    rule: 'task-type',
    element: 'node',
  },
  {
    name: 'a send task bound to nothing',
    xml: around('node', '<bpmn:sendTask id="node" name="Send" />'),
    rule: 'task-type',
    element: 'node',
  },
  { name: 'an unknown task type', xml: around('node', task('node', 'chat.complet')), rule: 'task-type', element: 'node' },
  { name: 'a task type by expression', xml: around('node', task('node', '=chat.status')), rule: 'task-type', element: 'node' },
  {
    name: 'retries that are no number',
    xml: around('node', task('node', 'chat.route').replace('type="chat.route"', 'type="chat.route" retries="often"')),
    rule: 'task-retries',
    element: 'node',
  },
  { name: 'a missing input', xml: around('node', task('node', 'chat.assign')), rule: 'missing-input', element: 'node' },
  {
    name: 'an unknown input',
    xml: around('node', task('node', 'chat.assign', { agentId: '=agent.id', color: 'red' })),
    rule: 'unknown-input',
    element: 'node',
  },
  {
    name: 'a literal that is not allowed',
    xml: around('node', task('node', 'chat.complete', { reason: 'because' })),
    rule: 'bad-input',
    element: 'node',
  },
  { name: 'a text for a number', xml: around('node', task('node', 'chat.set', { priority: 'high' })), rule: 'bad-input', element: 'node' },
  {
    name: 'a target that is no name',
    xml: around('node', task('node', 'variables.set', { 'a b': '=1' })),
    rule: 'mapping',
    element: 'node',
  },
  {
    name: 'a target twice',
    xml: around(
      'node',
      task('node', 'chat.note', { text: 'a' }).replace('<zeebe:ioMapping>', '<zeebe:ioMapping><zeebe:input source="b" target="text" />'),
    ),
    rule: 'mapping',
    element: 'node',
  },
  { name: 'an input without value', xml: around('node', task('node', 'chat.note', { text: '' })), rule: 'mapping', element: 'node' },
  {
    name: 'a script task without script',
    xml: around('node', '<bpmn:scriptTask id="node" name="Compute" />'),
    rule: 'script',
    element: 'node',
  },
  {
    name: 'a script whose result is lost',
    xml: around('node', script('node', '=1').replace(' resultVariable="result"', '')),
    rule: 'script',
    element: 'node',
  },
  {
    name: 'an unknown form',
    xml: extended('userTask', '<zeebe:formDefinition formId="request_calback" />'),
    rule: 'unknown-form',
    element: 'node',
  },
  {
    name: 'a form by key',
    xml: extended('userTask', '<zeebe:formDefinition formKey="embedded:x" />'),
    rule: 'unknown-form',
    element: 'node',
  },
  {
    name: 'a user task without form',
    xml: around('node', '<bpmn:userTask id="node" name="Ask" />'),
    rule: 'missing-form',
    element: 'node',
    severity: 'warning',
  },
  {
    name: 'a call without process',
    xml: around('node', '<bpmn:callActivity id="node" name="Call" />'),
    rule: 'called-process',
    element: 'node',
  },
  {
    name: 'a call of a process that is not there',
    xml: extended('callActivity', '<zeebe:calledElement processId="missing" />'),
    rule: 'called-process',
    element: 'node',
  },
  {
    name: 'a process that calls itself',
    xml: extended('callActivity', '<zeebe:calledElement processId="example" />'),
    rule: 'call-depth',
    element: 'node',
  },
  {
    name: 'a multi-instance over nothing',
    xml: many('<bpmn:multiInstanceLoopCharacteristics />'),
    rule: 'multi-instance',
    element: 'wait',
  },
  {
    name: 'a cardinality over 100',
    xml: many(
      '<bpmn:multiInstanceLoopCharacteristics><bpmn:loopCardinality>101</bpmn:loopCardinality></bpmn:multiInstanceLoopCharacteristics>',
    ),
    rule: 'multi-instance',
    element: 'wait',
  },
  { name: 'a collection over 100', xml: multi('=for i in 1..200 return i'), rule: 'multi-instance', element: 'wait' },
  { name: 'a collection over 50', xml: multi('=for i in 1..51 return i'), rule: 'multi-instance', element: 'wait', severity: 'warning' },
  { name: 'a standard loop without condition', xml: many('<bpmn:standardLoopCharacteristics />'), rule: 'standard-loop', element: 'wait' },
]
