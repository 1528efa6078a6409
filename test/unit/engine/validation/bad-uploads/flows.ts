import { around, end, flow, flows, process, script, start, task, wait } from '../bpmn.ts'
import { type BadUpload, boundary, gateway, message } from './helpers.ts'

const nested = (depth: number): string =>
  depth === 0 ? wait : `<bpmn:subProcess id="sub_${depth}" name="Sub">${nested(depth - 1)}</bpmn:subProcess>`

export const ofFlows: BadUpload[] = [
  {
    name: 'a flow to no flow node',
    xml: process(start, end, '<bpmn:dataObject id="data" />', flows('start', 'end'), flow('start', 'data')),
    rule: 'loose-flow',
    element: 'start_data',
  },
  {
    name: 'sub-processes nine deep',
    xml: process(start, end, nested(9), flows('start', 'sub_9', 'end')),
    rule: 'nesting',
    element: 'sub_1',
  },
  { name: 'no start', xml: process(wait, end, flows('wait', 'end')), rule: 'missing-start', element: 'example' },
  { name: 'no end', xml: process(start, wait, flows('start', 'wait')), rule: 'missing-end', element: 'example' },
  { name: 'an empty process', xml: process(), rule: 'empty-process', element: 'example' },
  {
    name: 'an unreachable task',
    xml: process(start, end, wait, flows('start', 'end'), flows('wait', 'end').replace('wait_end', 'other')),
    rule: 'unreachable',
    element: 'wait',
  },
  {
    name: 'a path that stops',
    xml: around('wait', wait, boundary(message).replace(/<bpmn:endEvent.*/s, '')),
    rule: 'dead-end',
    element: 'boundary',
    severity: 'warning',
  },
  {
    name: 'a circle without a way out',
    xml: process(
      start,
      end,
      wait,
      wait.replaceAll('"wait"', '"again"'),
      '<bpmn:exclusiveGateway id="fork" name="Fork" default="fork_end" />',
      flows('start', 'fork', 'end'),
      flow('fork', 'wait', '=true'),
      flows('wait', 'again', 'wait'),
    ),
    rule: 'no-way-out',
    element: 'wait',
  },
  {
    name: 'a circle without a wait',
    xml: process(
      start,
      end,
      task('node', 'chat.route'),
      '<bpmn:exclusiveGateway id="fork" name="Fork" default="fork_end" />',
      flows('start', 'node', 'fork', 'end'),
      flow('fork', 'node', '=chat.agent = null'),
    ),
    rule: 'loop-without-wait',
    element: 'node',
  },
  {
    name: 'a circle through an error',
    xml: process(
      start,
      end,
      task('node', 'chat.assign', { agentId: '=agent.id' }),
      '<bpmn:boundaryEvent id="failed" name="Failed" attachedToRef="node"><bpmn:errorEventDefinition /></bpmn:boundaryEvent>',
      flows('start', 'node', 'end'),
      flow('failed', 'node'),
    ),
    rule: 'loop-without-wait',
    element: 'node',
  },
  {
    name: 'a standard loop that never waits',
    xml: around(
      'node',
      script('node', '=1').replace(
        '</bpmn:extensionElements>',
        '</bpmn:extensionElements><bpmn:standardLoopCharacteristics><bpmn:loopCondition>=true</bpmn:loopCondition></bpmn:standardLoopCharacteristics>',
      ),
    ),
    rule: 'loop-without-wait',
    element: 'node',
  },
  {
    name: 'a flow out of an end',
    xml: process(start, end, wait, flows('start', 'end', 'wait', 'end').replace('end_wait', 'out')),
    rule: 'flow-direction',
    element: 'out',
  },
  {
    name: 'a flow into a start',
    xml: process(start, wait, end, flows('start', 'wait', 'start').replace('wait_start', 'into'), flow('wait', 'end')),
    rule: 'flow-direction',
    element: 'into',
  },
  {
    name: 'a flow across a border',
    xml: process(
      start,
      end,
      `<bpmn:subProcess id="sub" name="Sub">${wait}</bpmn:subProcess>`,
      flows('start', 'sub', 'end'),
      flow('start', 'wait'),
    ),
    rule: 'flow-across-scopes',
    element: 'start_wait',
  },
  {
    name: 'a decision without default',
    xml: gateway('exclusive', '=true', '=false'),
    rule: 'missing-default',
    element: 'gateway',
    severity: 'warning',
  },
  {
    name: 'an inclusive decision without default',
    xml: gateway('inclusive', '=true', '=false'),
    rule: 'missing-default',
    element: 'gateway',
    severity: 'warning',
  },
  {
    name: 'a flow without condition',
    xml: gateway('exclusive', '=true', undefined),
    rule: 'flow-without-condition',
    element: 'gateway_end_1',
  },
  {
    name: 'a condition after a parallel gateway',
    xml: gateway('parallel', '=true', undefined),
    rule: 'condition-ignored',
    element: 'gateway_end_0',
  },
  {
    name: 'a default flow with a condition',
    xml: gateway('exclusive', '=true', '=false').replace('id="gateway"', 'id="gateway" default="gateway_end_1"'),
    rule: 'condition-ignored',
    element: 'gateway_end_1',
    severity: 'warning',
  },
  {
    name: 'a default flow of another element',
    xml: gateway('exclusive', '=true').replace('id="gateway"', 'id="gateway" default="start_gateway"'),
    rule: 'wrong-default',
    element: 'gateway',
  },
  {
    name: 'an event-based gateway to a task',
    xml: gateway('eventBased', undefined, undefined),
    rule: 'event-based-gateway',
    element: 'gateway',
  },
]
