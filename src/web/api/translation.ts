import type { Static } from 'typebox'
import type { Translation, TranslationPanel, TranslationPut } from '../../contracts/translation.ts'
import { request } from './client.ts'

export type PanelState = Static<typeof TranslationPanel>
export type TranslationWish = Static<typeof TranslationPut>

const path = (chatId: string) => `/api/chats/${encodeURIComponent(chatId)}/translation`

/** Whether and between which languages the chat is translated, and what the customer seems to write. */
export function fetchTranslation(chatId: string, signal?: AbortSignal): Promise<PanelState> {
  return request('GET', path(chatId), signal ? { signal } : {})
}

/** Switches the translation of the chat on or off. @throws ApiError 409 TRANSLATION_OFF, CHAT_COMPLETED. */
export async function putTranslation(chatId: string, wish: TranslationWish): Promise<Translation> {
  return (await request<{ translation: Translation }>('PUT', path(chatId), { body: wish })).translation
}
