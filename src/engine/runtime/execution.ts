import type { FlowNode, ProcessModel, Scope } from '../model/types.ts'
import type { TimerDue, Value } from '../types.ts'

export type Variables = { [key: string]: Value }

interface SubscriptionBase {
  /** The id of the Wait. */
  id: string
  /** The event or task that waits. */
  nodeId: string
  /**
   * self: the execution waits · gateway: one of an event-based gateway's events ·
   * boundary: attached to the execution · event-sub-process: starts one inside the execution.
   */
  role: 'self' | 'gateway' | 'boundary' | 'event-sub-process'
}

export type TimerSubscription = SubscriptionBase & { kind: 'timer'; timer: TimerDue; period: string | null; armedAt: Date }

export type Subscription =
  | (SubscriptionBase & { kind: 'message' | 'signal'; eventName: string })
  | TimerSubscription
  | (SubscriptionBase & { kind: 'task'; taskType: string; inputs: Variables; headers: { [key: string]: string }; retries: number })
  | (SubscriptionBase & { kind: 'form'; formId: string | null; inputs: Variables })

/** The counting of a multi-instance activity or standard loop. */
export interface LoopState {
  items: Value[] | null
  /** Instances to run; null when only a condition ends the loop. */
  total: number | null
  started: number
  completed: number
  results: Value[]
}

/**
 * One visit of a token to one element; the executions of an instance form a tree whose root is the
 * process, whose inner nodes are sub-processes, loops and called processes.
 */
export class Execution {
  readonly id: string
  /** Null for the root. */
  readonly node: FlowNode | null
  readonly parent: Execution | null
  /** The process this execution's inside belongs to: that of its parent, or the called one. */
  model: ProcessModel
  readonly children = new Set<Execution>()
  /** Variables only this execution and those inside it see. */
  locals: Variables | null = null
  /** Of the root and of called processes: the variables of the whole process. */
  variables: Variables | null = null
  subscriptions: Subscription[] = []
  /** Tokens waiting at joins of this scope: gateway id → flow id → tokens. */
  joins = new Map<string, Map<string, number>>()
  loop: LoopState | null = null
  /** The position of an instance of a loop (from 0), else null. */
  loopIndex: number | null = null
  /** Tokens of this scope that are on their way. */
  moving = 0
  ended = false

  constructor(id: string, node: FlowNode | null, parent: Execution | null, model: ProcessModel) {
    this.id = id
    this.node = node
    this.parent = parent
    this.model = model
    parent?.children.add(this)
  }

  get elementId(): string {
    return this.node?.id ?? this.model.id
  }

  /** The flow nodes inside this execution, when it is a process, sub-process or called process. */
  get scope(): Scope | undefined {
    return this.model.scopes.get(this.variables ? this.model.id : this.elementId)
  }
}

/** All executions below and including this one, parents first, in the order they began. */
export function* eachExecution(execution: Execution): Generator<Execution> {
  yield execution
  for (const child of execution.children) yield* eachExecution(child)
}

/** The event or task a subscription is for; one attached to a call activity is in the calling process. */
export function subscribedNode(owner: Execution, { nodeId, role }: Subscription): FlowNode | undefined {
  const model = role === 'event-sub-process' || !owner.parent ? owner.model : owner.parent.model
  return model.nodes.get(nodeId)
}
