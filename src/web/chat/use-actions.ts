import { notifications } from '@mantine/notifications'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { Chat } from '../../contracts/chats.ts'
import type { ActionResult } from '../../contracts/quick-actions.ts'
import { completeTask, fetchTasks, runAction } from '../api/actions.ts'
import { ApiError, explain } from '../api/client.ts'
import { linkChat } from '../api/contacts.ts'
import { keys } from '../api/keys.ts'
import { storeChat } from '../realtime/apply-frame.ts'
import { texts } from './texts.ts'

export type ChatAction = Chat['actions'][number]
export type TaskForm = NonNullable<ActionResult['form']>

/** The window that is open above a chat. */
export type ChatDialog =
  | { kind: 'transfer' }
  | { kind: 'link'; action: ChatAction | null }
  | { kind: 'inputs'; action: ChatAction }
  | { kind: 'form'; caption: string; form: TaskForm }

/** An action that wants nothing but a contact is given one the way chats are linked. */
export const wantsContact = (action: ChatAction) => action.inputs.length === 1 && action.inputs[0]?.name === 'contactId'

/** The line for the agent in what a process left behind. */
function messageOf(result: unknown): string | null {
  if (typeof result !== 'object' || result === null || !('message' in result)) return null
  return typeof result.message === 'string' && result.message !== '' ? result.message : null
}

/** Tells how far an action came. */
function announce(caption: string, { state, result, problem, form }: ActionResult): void {
  const message = messageOf(result)
  if (state === 'incident') {
    notifications.show({ color: 'red', title: caption, message: problem?.message ?? message ?? texts.actionStopped, autoClose: false })
  } else if (state === 'completed') {
    notifications.show({ color: 'green', title: caption, message: message ?? texts.actionDone, autoClose: 8_000 })
  } else if (!form) {
    notifications.show({ color: 'petrol', title: caption, message: message ?? texts.actionRuns, autoClose: 8_000 })
  }
}

/** Quick actions of a chat, linking included: what runs, what it asks for and what came of it. */
export function useChatActions(chat: Chat) {
  const client = useQueryClient()
  const [dialog, setDialog] = useState<ChatDialog | null>(null)
  const settle = (caption: string, result: ActionResult) => {
    announce(caption, result)
    setDialog(result.form ? { kind: 'form', caption, form: result.form } : null)
    void client.invalidateQueries({ queryKey: keys.tasks(chat.id) })
    void client.invalidateQueries({ queryKey: keys.chat(chat.id) })
  }
  const run = useMutation({
    mutationFn: ({ action, inputs }: { action: ChatAction; inputs: Record<string, unknown> }) => runAction(chat.id, action.id, inputs),
    onSuccess: (result, { action }) => settle(action.caption, result),
    onError: (error, { action }) => {
      // With a window open, the window says it.
      if (action.inputs.length === 0)
        notifications.show({ color: 'red', title: action.caption, message: explain(error), autoClose: 15_000 })
      if (error instanceof ApiError) void client.invalidateQueries({ queryKey: keys.chat(chat.id) })
    },
  })
  const link = useMutation({
    mutationFn: (contactId: string) => linkChat(chat.id, contactId),
    onSuccess: ({ chat: linked, process }) => {
      storeChat(client, linked)
      void client.invalidateQueries({ queryKey: ['contacts'] })
      settle(texts.linkTitle, process)
    },
  })
  const submit = useMutation({
    mutationFn: ({ taskId, variables }: { taskId: string; caption: string; variables: Record<string, unknown> }) =>
      completeTask(taskId, variables),
    onSuccess: (result, { caption }) => settle(caption, result),
  })
  const open = (next: ChatDialog | null) => {
    run.reset()
    link.reset()
    submit.reset()
    setDialog(next)
  }
  const start = (action: ChatAction) => {
    if (wantsContact(action)) open({ kind: 'link', action })
    else if (action.inputs.length > 0) open({ kind: 'inputs', action })
    else run.mutate({ action, inputs: {} })
  }
  return { dialog, open, start, run, link, submit }
}

export type ChatActions = ReturnType<typeof useChatActions>

/** Forms that earlier actions of the chat still wait for. */
export function useWaitingTasks(chatId: string, enabled: boolean) {
  return useQuery({ queryKey: keys.tasks(chatId), queryFn: ({ signal }) => fetchTasks(chatId, signal), enabled, staleTime: 5_000 })
}
