/** The graph a process runs on: plain references between nodes, built once per definition version. */

export interface Mapping {
  source: string
  target: string
}

export interface TimerSource {
  kind: 'date' | 'duration' | 'cycle'
  expression: string
}

export type EventDefinition =
  | { kind: 'message'; name: string | null }
  | { kind: 'signal'; name: string | null }
  | { kind: 'timer'; timer: TimerSource }
  /** `code` null catches every error. */
  | { kind: 'error'; code: string | null }
  | { kind: 'link'; name: string | null }
  | { kind: 'terminate' }
  | { kind: 'unsupported'; type: string }

export interface TaskBinding {
  type: string
  retries: string | null
  headers: { [key: string]: string }
}

export interface Loop {
  kind: 'multi-instance' | 'standard'
  sequential: boolean
  inputCollection: string | null
  inputElement: string | null
  outputCollection: string | null
  outputElement: string | null
  cardinality: string | null
  completionCondition: string | null
  /** Standard loop: repeat while this holds. */
  loopCondition: string | null
  testBefore: boolean
  loopMaximum: number | null
}

export interface Called {
  /** Process id, or FEEL starting with "=". */
  processId: string | null
  propagateAllParentVariables: boolean
  propagateAllChildVariables: boolean
}

export interface Flow {
  id: string
  source: FlowNode
  target: FlowNode
  isDefault: boolean
  condition: string | null
}

export interface FlowNode {
  id: string
  name: string
  /** BPMN type without prefix. */
  type: string
  scopeId: string
  /** What bpmn-engine's TypeResolver bound to the type (see elements/). */
  behaviour: unknown
  incoming: Flow[]
  outgoing: Flow[]
  boundaries: FlowNode[]
  attachedTo: FlowNode | null
  /** For boundary events (cancelActivity) and start events of event sub-processes (isInterrupting). */
  interrupting: boolean
  triggeredByEvent: boolean
  events: EventDefinition[]
  /** Of a receive or send task. */
  messageName: string | null
  io: { inputs: Mapping[]; outputs: Mapping[] }
  task: TaskBinding | null
  script: { expression: string; resultVariable: string | null } | null
  formId: string | null
  called: Called | null
  loop: Loop | null
  /** Why the element cannot run as it is drawn; null when it can. Validation refuses it first. */
  refusal: string | null
}

export interface Scope {
  /** Id of the process or sub-process. */
  id: string
  nodes: FlowNode[]
  starts: FlowNode[]
  eventSubProcesses: { node: FlowNode; scope: Scope }[]
}

export interface ProcessModel {
  id: string
  name: string
  root: Scope
  nodes: Map<string, FlowNode>
  scopes: Map<string, Scope>
}
