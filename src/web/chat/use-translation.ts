import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import type { Chat } from '../../contracts/chats.ts'
import { keys } from '../api/keys.ts'
import { fetchTranslation, type PanelState, putTranslation, type TranslationWish } from '../api/translation.ts'

/** What the translation panel of a chat shows; asked anew whenever the panel opens or the translation changes elsewhere. */
export function useTranslationPanel(chat: Chat) {
  const { translation } = chat
  return useQuery({
    queryKey: [...keys.translation(chat.id), translation?.enabled ?? false, translation?.from ?? null, translation?.to ?? null],
    queryFn: ({ signal }) => fetchTranslation(chat.id, signal),
    staleTime: 0,
  })
}

/** Switches the translation on or off, or changes its languages. */
export function useSetTranslation(chatId: string) {
  const client = useQueryClient()
  return useMutation({
    mutationFn: (wish: TranslationWish) => putTranslation(chatId, wish),
    onSuccess: (translation) => {
      client.setQueryData<Chat>(keys.chat(chatId), (chat) => chat && { ...chat, translation })
      client.setQueriesData<PanelState>({ queryKey: keys.translation(chatId) }, (panel) => panel && { ...panel, ...translation })
    },
  })
}
