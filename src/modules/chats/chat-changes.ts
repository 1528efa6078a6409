import type { Message } from '../../contracts/index.ts'

/**
 * One change of a chat, named by the chat's sequence number. Exactly one change an increment, so that a client can tell
 * when it missed one. Published after the commit; nothing depends on it arriving.
 */
export type ChatChange =
  | { kind: 'message'; chatId: string; seq: number; message: Message }
  | {
      kind: 'message_status'
      chatId: string
      seq: number
      messageId: string
      status: NonNullable<Message['status']>
      failureReason: string | null
    }
  | { kind: 'updated'; chatId: string; seq: number }

/** Where changes go; the container ties it to the relay. */
export type PublishChange = (change: ChatChange) => void
