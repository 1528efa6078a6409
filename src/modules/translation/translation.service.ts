import type { Clock } from '../../platform/clock.ts'
import { AppError, notFound } from '../../platform/errors.ts'
import type { Logger } from '../../platform/log.ts'
import type { ParleyDatabase, ParleyWork } from '../../schema.ts'
import type { MessageService } from '../chats/index.ts'
import type { LanguageDetector } from './detector.ts'
import { createTranslator, type ProviderConfig } from './providers/index.ts'
import * as repo from './translation.repo.ts'
import { translateCached } from './translation-cache.ts'
import { primaryLanguage, TranslationError, type Translator } from './translator.ts'

/** How long an outgoing message waits for its translation before it goes out as it was written, in milliseconds. */
const outgoingDeadlineMs = 8_000
const incomingDeadlineMs = 30_000
/** Messages translated by one run; the next follows at once when there are more. */
const batch = 100

export interface TranslationOptions {
  database: ParleyDatabase
  clock: Clock
  log: Logger
  detector: LanguageDetector
  providerConfig(): Promise<ProviderConfig>
  messages: MessageService
  /** Announces that something about the chat besides its messages changed. */
  changed(work: ParleyWork, chatId: string): Promise<void>
  /** Has run(chatId) called soon. */
  schedule(chatId: string): void
  /** Tells every node whether the chat's messages are to be translated. */
  announce(chatId: string, enabled: boolean): void
}

/** What the translation panel of a chat shows. */
export interface TranslationPanel {
  /** False while no administrator has set up a provider. */
  available: boolean
  enabled: boolean
  from: string | null
  to: string
  /** The language the customer seems to write. */
  detected: string | null
}

/** Translates chats. The original is always kept; no message waits for a translation longer than a few seconds, none is lost. */
export class TranslationService {
  readonly #options: TranslationOptions
  #translator: { key: string; translator: Translator | null } | undefined

  constructor(options: TranslationOptions) {
    this.#options = options
  }

  /** The panel, with the customer's language told from the last messages. @throws AppError 404 */
  async panel(chatId: string, agentLanguage: string): Promise<TranslationPanel> {
    const { db } = this.#options.database
    const chat = await repo.findState(db, chatId)
    if (!chat) throw notFound(`Chat ${chatId}`)
    const detected = await this.#detectChat(chatId, chat.language)
    const { enabled = false, from = detected, to = primaryLanguage(agentLanguage) } = chat.translation ?? {}
    return { available: (await this.#current()) !== null, enabled, from, to, detected }
  }

  /** Switches the translation of a chat on or off. @throws AppError 404, 409 TRANSLATION_OFF, 409 CHAT_COMPLETED */
  async set(
    chatId: string,
    agentLanguage: string,
    wish: { enabled: boolean; from?: string | null | undefined; to?: string | undefined },
  ): Promise<repo.ChatTranslation> {
    const { database } = this.#options
    if (wish.enabled && (await this.#current()) === null) {
      throw new AppError(
        'TRANSLATION_OFF',
        409,
        'Translation is not set up. An administrator chooses a provider in the setting TranslationProvider.',
      )
    }
    const chat = await repo.findState(database.db, chatId)
    if (!chat) throw notFound(`Chat ${chatId}`)
    if (chat.status === 'completed') throw new AppError('CHAT_COMPLETED', 409, `Chat ${chat.number} is completed and read-only.`)
    const from = wish.from === undefined ? (chat.translation?.from ?? (await this.#detectChat(chatId, chat.language))) : wish.from
    const translation = {
      enabled: wish.enabled,
      from: from === null ? null : primaryLanguage(from),
      to: primaryLanguage(wish.to ?? chat.translation?.to ?? agentLanguage),
    }
    await database.transaction(async (work) => {
      await work.trx
        .updateTable('chats')
        .set({ translation: JSON.stringify(translation) })
        .where('id', '=', chatId)
        .execute()
      await this.#options.changed(work, chatId)
      work.afterCommit(() => {
        this.#options.announce(chatId, wish.enabled)
        if (wish.enabled) this.#options.schedule(chatId)
      })
    })
    return translation
  }

  /** Translates the chat's incoming messages that have no translation yet. @throws TranslationError for the job to try again */
  async run(chatId: string, signal: AbortSignal): Promise<void> {
    const { database, clock } = this.#options
    const translator = await this.#current()
    const chat = await repo.findState(database.db, chatId)
    if (!translator || !chat?.translation?.enabled) return
    const { from, to } = chat.translation
    const messages = await repo.untranslated(database.db, chatId, to, batch)
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(incomingDeadlineMs)])
    for (const [language, group] of await this.#byLanguage(messages, from, chat.language)) {
      if (language === to) {
        for (const { id } of group) await this.#save({ messageId: id, text: null, from: to, to, provider: translator.name, reason: null })
        continue
      }
      if (language === null && !translator.detects) continue
      const texts = group.map(({ text }) => text)
      const translated = await translateCached(database.db, translator, { texts, from: language, to }, clock.now(), deadline)
      for (const [index, item] of translated.entries()) {
        const messageId = group[index]?.id
        const needed = item.from !== to
        if (messageId !== undefined)
          await this.#save({ messageId, text: needed ? item.text : null, from: item.from, to, provider: translator.name, reason: null })
      }
    }
    if (messages.length === batch) this.#options.schedule(chatId)
  }

  /** What an outgoing message is to say to the customer; the same at every attempt to send it. */
  async outgoingText(message: { id: string; text: string | null; translate: { from: string; to: string } | null }): Promise<string | null> {
    const { database, clock, log } = this.#options
    if (message.translate === null || message.text === null) return message.text
    const known = await database.db
      .selectFrom('message_translations')
      .select('text')
      .where('message_id', '=', message.id)
      .executeTakeFirst()
    if (known) return known.text ?? message.text
    const { from, to } = message.translate
    const translator = await this.#current()
    const row = { messageId: message.id, from, to, provider: translator?.name ?? 'none' }
    try {
      if (!translator) throw new TranslationError('Translation is not set up', { retry: false })
      const [translated] = await translateCached(
        database.db,
        translator,
        { texts: [message.text], from, to },
        clock.now(),
        AbortSignal.timeout(outgoingDeadlineMs),
      )
      await this.#save({ ...row, text: translated?.text ?? null, reason: null })
      return translated?.text ?? message.text
    } catch (error) {
      if (!(error instanceof TranslationError)) throw error
      log.warn({ err: error, messageId: message.id, provider: row.provider }, 'An outgoing message goes out untranslated')
      await this.#save({ ...row, text: null, reason: error.message })
      return message.text
    }
  }

  /** Translates a text for a process. @throws TranslationError */
  async translate(
    request: { text: string; from: string | null; to: string },
    signal: AbortSignal,
  ): Promise<{ text: string; from: string }> {
    const { database, clock, detector } = this.#options
    const translator = await this.#current()
    if (!translator) throw new TranslationError('Translation is not set up', { retry: false })
    const from = request.from ?? (await detector.detect(request.text))
    const [translated] = await translateCached(
      database.db,
      translator,
      { texts: [request.text], from, to: primaryLanguage(request.to) },
      clock.now(),
      signal,
    )
    if (!translated) throw new Error('A translated text is missing')
    return translated
  }

  /** Chats whose messages wait for a translation although no job came for them. */
  async lateChats(): Promise<string[]> {
    const now = this.#options.clock.now().getTime()
    return repo.listLate(this.#options.database.db, new Date(now - 15_000), new Date(now - 3_600_000))
  }

  async enabledChats(): Promise<string[]> {
    return repo.listEnabled(this.#options.database.db)
  }

  /** Messages by their language: the chat's when it is set, else each one's own, else the customer's usual one. */
  async #byLanguage(
    messages: { id: string; text: string }[],
    from: string | null,
    usual: string | null,
  ): Promise<Map<string | null, { id: string; text: string }[]>> {
    const groups = new Map<string | null, { id: string; text: string }[]>()
    for (const message of messages) {
      const language = from ?? (await this.#options.detector.detect(message.text)) ?? (usual === null ? null : primaryLanguage(usual))
      groups.set(language, [...(groups.get(language) ?? []), message])
    }
    return groups
  }

  async #detectChat(chatId: string, usual: string | null): Promise<string | null> {
    const texts = await repo.lastIncoming(this.#options.database.db, chatId, 10)
    return (await this.#options.detector.detect(texts.join('\n'))) ?? (usual === null ? null : primaryLanguage(usual))
  }

  async #save(row: repo.TranslationRow): Promise<void> {
    await this.#options.database.transaction(async (work) => {
      await this.#options.messages.change(work, row.messageId, async () => {
        await repo.saveTranslation(work, row)
        return row.text !== null
      })
    })
  }

  async #current(): Promise<Translator | null> {
    const config = await this.#options.providerConfig()
    const key = JSON.stringify(config)
    if (this.#translator?.key !== key) this.#translator = { key, translator: createTranslator(config) }
    return this.#translator.translator
  }
}
