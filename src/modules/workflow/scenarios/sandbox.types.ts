import type { Engine } from '../../../engine/index.ts'
import type { Clock } from '../../../platform/clock.ts'
import type { ParleyDatabase, ParleyWork } from '../../../schema.ts'
import type { ProcessHost } from '../process-host.ts'
import type { Task } from '../task-registry.ts'

/** What leaves a sandbox instead of jobs, pushes and calls. */
export interface SandboxOutlets {
  /** A remote task waits to be run. */
  runTask(instanceId: string, waitId: string): void
}

export interface SandboxOptions {
  /** One transaction that will be rolled back. */
  database: ParleyDatabase
  clock: Clock
  engine: Engine
  outlets: SandboxOutlets
  /** Wraps the tasks of processes, to see what they do. */
  adaptTasks(tasks: Task[]): Task[]
  /** Queues whose waiting chats may be offered anew; all others are real ones and left alone. */
  ownsQueue(queueId: string): boolean
}

/** The domain of Parley around one transaction, wired as in production, without anything that leaves it. */
export interface Sandbox {
  host: ProcessHost
  /** Resolves when waiting chats have been offered anew after what was committed so far. */
  settled(): Promise<void>
  /** An agent replies in the chat. */
  reply(work: ParleyWork, chatId: string, agentId: string, text: string): Promise<void>
}

/** Implemented by the composition root, which alone knows every module. */
export type CreateSandbox = (options: SandboxOptions) => Sandbox
