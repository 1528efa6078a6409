import { AppError, conflict } from '../../platform/errors.ts'

export const alreadyAccepted = (owner: { id: string; name: string }) =>
  conflict('ALREADY_ACCEPTED', `${owner.name} has already accepted this chat.`, { agent: owner })

export const chatCompleted = (number: number) => conflict('CHAT_COMPLETED', `Chat ${number} is completed and read-only.`)

export const notOwner = (owner: { name: string } | null) =>
  new AppError('NOT_OWNER', 403, owner ? `Only ${owner.name}, who owns this chat, can do this.` : 'Accept the chat first.')

export const notOffered = () => new AppError('FORBIDDEN', 403, 'This chat is not offered to you.')

export const emptyMessage = () => new AppError('EMPTY_MESSAGE', 422, 'A message needs a text or a file.')
