import { around, end, flows, process, start, task, timer, wait } from '../bpmn.ts'
import { type BadUpload, catching, extended, gateway, message } from './helpers.ts'

export const ofElements: BadUpload[] = [
  {
    name: 'a task that is started twice',
    xml: around('wait', wait.replace('<bpmn:receiveTask', '<bpmn:receiveTask startQuantity="2"')),
    rule: 'unsupported-attribute',
    element: 'wait',
  },
  {
    name: 'a receive task that makes instances',
    xml: around('wait', wait.replace('<bpmn:receiveTask', '<bpmn:receiveTask instantiate="true"')),
    rule: 'unsupported-attribute',
    element: 'wait',
  },
  {
    name: 'a task without a kind',
    xml: around('node', '<bpmn:task id="node" name="Think" />'),
    rule: 'unsupported-element',
    element: 'node',
  },
  {
    name: 'a business rule task',
    xml: around('node', '<bpmn:businessRuleTask id="node" name="Decide" />'),
    rule: 'unsupported-element',
    element: 'node',
  },
  {
    name: 'a complex gateway',
    xml: around('node', '<bpmn:complexGateway id="node" name="Hm" />'),
    rule: 'unsupported-element',
    element: 'node',
  },
  { name: 'a transaction', xml: around('node', '<bpmn:transaction id="node" name="Pay" />'), rule: 'unsupported-element', element: 'node' },
  {
    name: 'an ad-hoc sub-process',
    xml: around('node', '<bpmn:adHocSubProcess id="node" name="Any" />'),
    rule: 'unsupported-element',
    element: 'node',
  },
  {
    name: 'an escalation',
    xml: around('node', catching('<bpmn:escalationEventDefinition />', 'node')),
    rule: 'unsupported-element',
    element: 'node',
  },
  {
    name: 'a conditional event',
    xml: around('node', catching('<bpmn:conditionalEventDefinition />', 'node')),
    rule: 'unsupported-element',
    element: 'node',
  },
  {
    name: 'an error start of the process',
    xml: process('<bpmn:startEvent id="start" name="Start"><bpmn:errorEventDefinition /></bpmn:startEvent>', end, flows('start', 'end')),
    rule: 'unsupported-element',
    element: 'start',
  },
  {
    name: 'an error end without error',
    xml: process(start, '<bpmn:endEvent id="end" name="End"><bpmn:cancelEventDefinition /></bpmn:endEvent>', flows('start', 'end')),
    rule: 'unsupported-element',
    element: 'end',
  },
  {
    name: 'several event definitions',
    xml: around('node', catching(message + timer('timeDuration', 'PT1M'), 'node')),
    rule: 'several-event-definitions',
    element: 'node',
  },
  {
    name: 'a shared event definition',
    xml: around('node', catching('<bpmn:eventDefinitionRef>shared</bpmn:eventDefinitionRef>', 'node')).replace(
      '<bpmn:process',
      '<bpmn:messageEventDefinition id="shared" messageRef="message_received" /><bpmn:process',
    ),
    rule: 'shared-event-definition',
    element: 'node',
  },
  {
    name: 'another type by xsi:type',
    xml: around('node', '<bpmn:userTask id="node" name="Node" xsi:type="bpmn:tScriptTask" />'),
    rule: 'xsi-type',
    element: 'node',
  },
  {
    name: 'code of another engine',
    xml: around('node', '<bpmn:serviceTask id="node" name="Run" camunda:class="java.lang.Runtime" />'),
    rule: 'foreign-dialect',
    element: 'node',
  },
  {
    name: 'an element of another engine',
    xml: extended('serviceTask', '<camunda:executionListener event="start" />'),
    rule: 'foreign-dialect',
    element: 'node',
  },
  {
    name: 'an implementation',
    xml: around('node', '<bpmn:serviceTask id="node" name="Run" implementation="run" />'),
    rule: 'implementation',
    element: 'node',
  },
  {
    name: 'a JavaScript script',
    xml: around(
      'node',
      '<bpmn:scriptTask id="node" name="Run" scriptFormat="javascript"><bpmn:script>next()</bpmn:script></bpmn:scriptTask>',
    ),
    rule: 'script-language',
    element: 'node',
  },
  {
    name: 'a script outside zeebe:script',
    xml: around('node', '<bpmn:scriptTask id="node" name="Run"><bpmn:script>1</bpmn:script></bpmn:scriptTask>'),
    rule: 'script-language',
    element: 'node',
  },
  {
    name: 'a JavaScript condition',
    xml: gateway('exclusive', 'chat.id = "1"').replace(
      '<bpmn:conditionExpression>',
      '<bpmn:conditionExpression xsi:type="bpmn:tFormalExpression" language="javascript">',
    ),
    rule: 'script-language',
    element: 'gateway_end_0',
  },
  {
    name: 'a placeholder in a mapping',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the placeholder is the point
    xml: around('node', task('node', 'message.send', { text: 'Hello ${chat.contact.name}' })),
    rule: 'placeholder',
    element: 'node',
  },
  {
    name: 'a placeholder in a condition',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the placeholder is the point
    xml: gateway('exclusive', '${environment.variables.x}'),
    rule: 'placeholder',
    element: 'gateway_end_0',
  },
  {
    name: 'an execution listener',
    xml: extended(
      'userTask',
      '<zeebe:executionListeners><zeebe:executionListener eventType="start" type="x" /></zeebe:executionListeners>',
    ),
    rule: 'unsupported-extension',
    element: 'node',
  },
  {
    name: 'an assignment',
    xml: extended('userTask', '<zeebe:assignmentDefinition assignee="ada" />'),
    rule: 'ignored-extension',
    element: 'node',
    severity: 'warning',
  },
]
