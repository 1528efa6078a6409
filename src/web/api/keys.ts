/** Every key of the query cache, so that pages and the socket mean the same entry. */
export const keys = {
  session: ['session'] as const,
  inbox: ['inbox'] as const,
  chat: (chatId: string) => ['chat', chatId] as const,
  parentMessages: (chatId: string) => ['messages', chatId, 'parents'] as const,
  messages: (chatId: string) => ['messages', chatId] as const,
  typing: (chatId: string) => ['typing', chatId] as const,
  viewers: (chatId: string) => ['viewers', chatId] as const,
  simulatorChannels: ['simulator', 'channels'] as const,
  simulatorMessages: (channelId: string, from: string) => ['simulator', 'messages', channelId, from] as const,
}
