import type { Selectable } from 'kysely'
import type { ChatsTable, ParleyWork } from '../../schema.ts'
import type { ChatEvent } from './workflow.events.ts'

export type ChatRow = Selectable<ChatsTable>

/** Something of a chat that falls due besides process timers: response times, offers. Runs under the chat's lock. */
export type DueHandler = (work: ParleyWork, chat: ChatRow) => Promise<void>

/** Told of every event, in its transaction, whoever raised it. */
export type EventListener = (work: ParleyWork, event: ChatEvent) => Promise<void>

/** Pushes and jobs that follow a commit; wired by the container. */
export interface HostOutlets {
  /** The chat is due at this time: have wake(chatId) called then. */
  wakeAt(chatId: string, at: Date): void
  /** A remote task waits to be run. */
  runTask(instanceId: string, waitId: string): void
  /** The process inbox of the chat has something: have advance(chatId) called soon. */
  advanceSoon(chatId: string): void
  instanceChanged(instance: { id: string; key: string; state: string; chatId: string | null }): void
}
