import { around, end, flow, flows, plainStart, process, start, task, timer, wait } from '../bpmn.ts'
import { type BadUpload, boundary, catching, gateway, message } from './helpers.ts'

export const ofEvents: BadUpload[] = [
  {
    name: 'a receive task without message',
    xml: around('node', '<bpmn:receiveTask id="node" name="Wait" />'),
    rule: 'message-name',
    element: 'node',
  },
  {
    name: 'a message without name',
    xml: around('wait', wait).replace(' name="message.received"', ''),
    rule: 'message-name',
    element: 'wait',
  },
  {
    name: 'a message by expression',
    xml: around('wait', wait).replace('name="message.received"', 'name="=chat.id"'),
    rule: 'message-name',
    element: 'wait',
  },
  {
    name: 'an unknown event',
    xml: around('wait', wait).replace('name="message.received"', 'name="message.recieved"'),
    rule: 'unknown-event',
    element: 'wait',
    severity: 'warning',
  },
  {
    name: 'a signal without name',
    xml: around('wait', wait, boundary('<bpmn:signalEventDefinition />')),
    rule: 'signal-name',
    element: 'boundary',
  },
  {
    name: 'an error end without code',
    xml: process(start, '<bpmn:endEvent id="end" name="End"><bpmn:errorEventDefinition /></bpmn:endEvent>', flows('start', 'end')),
    rule: 'error-code',
    element: 'end',
  },
  {
    name: 'an error the task never throws',
    xml: process(
      start,
      end,
      task('wait', 'chat.assign', { agentId: '=agent.id' }),
      boundary('<bpmn:errorEventDefinition errorRef="oops" />'),
      flows('start', 'wait', 'end'),
    ).replace('<bpmn:process', '<bpmn:error id="oops" errorCode="OOPS" /><bpmn:process'),
    rule: 'error-never-thrown',
    element: 'boundary',
    severity: 'warning',
  },
  {
    name: 'a non-interrupting error',
    xml: around('wait', wait, boundary('<bpmn:errorEventDefinition />', 'cancelActivity="false"')),
    rule: 'boundary',
    element: 'boundary',
  },
  {
    name: 'a boundary event on nothing',
    xml: around('wait', wait, boundary(message).replace(' attachedToRef="wait"', '')),
    rule: 'boundary',
    element: 'boundary',
  },
  {
    name: 'a boundary event on a gateway',
    xml: gateway('parallel', undefined).replace(
      '</bpmn:process>',
      `${boundary(message).replace('attachedToRef="wait"', 'attachedToRef="gateway"')}</bpmn:process>`,
    ),
    rule: 'boundary',
    element: 'boundary',
  },
  {
    name: 'a link without other end',
    xml: process(
      start,
      '<bpmn:intermediateThrowEvent id="node" name="Go on"><bpmn:linkEventDefinition name="there" /></bpmn:intermediateThrowEvent>',
      end,
      flows('start', 'node'),
      flow('start', 'end'),
    ),
    rule: 'link',
    element: 'node',
  },
  {
    name: 'two plain starts',
    xml: process(plainStart, '<bpmn:startEvent id="again" name="Again" />', end, flows('start', 'end'), flow('again', 'end')),
    rule: 'start-events',
    element: 'again',
  },
  {
    name: 'a message start of a sub-process',
    xml: around(
      'sub',
      `<bpmn:subProcess id="sub" name="Sub"><bpmn:startEvent id="inner" name="Inner">${message}</bpmn:startEvent></bpmn:subProcess>`,
    ),
    rule: 'start-events',
    element: 'inner',
  },
  {
    name: 'an event sub-process without trigger',
    xml: around(
      'wait',
      wait,
      '<bpmn:subProcess id="sub" name="Sub" triggeredByEvent="true"><bpmn:startEvent id="inner" name="Inner" /></bpmn:subProcess>',
    ),
    rule: 'start-events',
    element: 'sub',
  },
  { name: 'a timer without time', xml: around('node', catching('<bpmn:timerEventDefinition />', 'node')), rule: 'timer', element: 'node' },
  {
    name: 'a duration that is none',
    xml: around('node', catching(timer('timeDuration', '15 minutes'), 'node')),
    rule: 'timer',
    element: 'node',
  },
  {
    name: 'a date that does not exist',
    xml: around('node', catching(timer('timeDate', '2026-02-30T10:00:00Z'), 'node')),
    rule: 'timer',
    element: 'node',
  },
  {
    name: 'a date without zone',
    xml: around('node', catching(timer('timeDate', '2026-02-20T10:00:00'), 'node')),
    rule: 'timer',
    element: 'node',
  },
  {
    name: 'a repeating catch event',
    xml: around('node', catching(timer('timeCycle', 'R3/PT10M'), 'node')),
    rule: 'timer',
    element: 'node',
  },
  {
    name: 'a cycle of nothing',
    xml: around('wait', wait, boundary(timer('timeCycle', 'R/PT0S'), 'cancelActivity="false"')),
    rule: 'timer',
    element: 'boundary',
  },
  {
    name: 'a cron expression',
    xml: around('wait', wait, boundary(timer('timeCycle', '0 0 9 * * *'), 'cancelActivity="false"')),
    rule: 'timer',
    element: 'boundary',
  },
]
