import type { ActionResult, WaitingTask } from '../../contracts/quick-actions.ts'
import { request } from './client.ts'

/** Starts a quick action for a chat. @throws ApiError 422 INVALID_INPUTS, 404, or the process's own refusal. */
export function runAction(chatId: string, actionId: string, inputs: Record<string, unknown>): Promise<ActionResult> {
  return request('POST', `/api/chats/${encodeURIComponent(chatId)}/actions/${encodeURIComponent(actionId)}`, { body: { inputs } })
}

/** Submits the form of a user task. @throws ApiError 422 INVALID_FORM with `problems`, 404 when it no longer waits. */
export function completeTask(taskId: string, variables: Record<string, unknown>): Promise<ActionResult> {
  return request('POST', `/api/tasks/${encodeURIComponent(taskId)}/complete`, { body: { variables } })
}

/** Forms that processes of the chat wait for, oldest first. */
export async function fetchTasks(chatId: string, signal?: AbortSignal): Promise<WaitingTask[]> {
  const path = `/api/chats/${encodeURIComponent(chatId)}/tasks`
  return (await request<{ items: WaitingTask[] }>('GET', path, signal ? { signal } : {})).items
}
