import { TokenProcess } from '../runtime/token-process.ts'
import { callActivity } from './call-activity.ts'
import { endEvent, intermediateCatchEvent, intermediateThrowEvent, startEvent } from './events.ts'
import { eventBasedGateway, exclusiveGateway, inclusiveGateway, parallelGateway } from './gateways.ts'
import { subProcess } from './sub-process.ts'
import { abstractTask, receiveTask, scriptTask, sendTask, serviceTask, userTask } from './tasks.ts'

/** What bpmn-engine runs instead of the behaviours of bpmn-elements (Engine option `elements`). */
export const elements = {
  Process: TokenProcess,
  StartEvent: startEvent,
  EndEvent: endEvent,
  IntermediateCatchEvent: intermediateCatchEvent,
  IntermediateThrowEvent: intermediateThrowEvent,
  Task: abstractTask,
  ManualTask: abstractTask,
  ServiceTask: serviceTask,
  SendTask: sendTask,
  ReceiveTask: receiveTask,
  UserTask: userTask,
  ScriptTask: scriptTask,
  SubProcess: subProcess,
  CallActivity: callActivity,
  ExclusiveGateway: exclusiveGateway,
  ParallelGateway: parallelGateway,
  InclusiveGateway: inclusiveGateway,
  EventBasedGateway: eventBasedGateway,
}
