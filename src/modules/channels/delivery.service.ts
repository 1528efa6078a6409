import { randomUUID } from 'node:crypto'
import type { Logger } from '../../platform/log.ts'
import type { ParleyDatabase, ParleyWork } from '../../schema.ts'
import type { MessageService } from '../chats/index.ts'
import type { OutboundPart, SendFailure, SendResult, SendSuccess } from './adapters/adapter.ts'
import type { HttpPort } from './adapters/http.ts'
import type { ChannelDirectory, KnownChannel } from './channel-directory.ts'
import * as repo from './delivery.repo.ts'

/** How long one worker owns a chat's lane without sign of life, in milliseconds; longer than any provider call may take. */
const leaseMs = 60_000
/** Attempts before a failure that might pass is final, when the adapter does not say. */
const defaultAttempts = 10
const firstBackoffMs = 1_000
const maxBackoffMs = 300_000
/** A channel whose credentials fail is tried this often; its messages wait. */
const channelBackoffMs = 30_000

export interface DeliveryOptions {
  database: ParleyDatabase
  directory: ChannelDirectory
  messages: MessageService
  http: HttpPort
  log: Logger
  /** Has run(chatId) called at this time. */
  schedule(chatId: string, at: Date): void
}

type Step = 'next' | 'stop'

/** Sends the outbox of a chat in order: at least once, every attempt written down before it begins. */
export class DeliveryService {
  readonly #options: DeliveryOptions

  constructor(options: DeliveryOptions) {
    this.#options = options
  }

  /** Sends what waits in the chat, until it is empty, must wait, or `signal` says stop. */
  async run(chatId: string, signal: AbortSignal): Promise<void> {
    const { database } = this.#options
    const token = randomUUID()
    if (!(await database.transaction((work) => repo.claimLane(work, chatId, token, leaseMs)))) return
    for (;;) {
      if (signal.aborted) {
        await database.transaction((work) => repo.postponeLane(work, chatId, token, work.now))
        return
      }
      const message = await repo.nextOutgoing(database.db, chatId)
      if (!message) {
        if (await database.transaction((work) => repo.closeLane(work, chatId, token))) return
        continue
      }
      if ((await this.#send(message, token)) === 'stop') return
    }
  }

  /** Chats whose outbox is due although no job came for it. */
  async overdueLanes(): Promise<string[]> {
    const { database } = this.#options
    return database.transaction(async (work) => {
      const before = new Date(work.now.getTime() - 2_000)
      const rows = await work.trx
        .selectFrom('delivery_lanes')
        .select('chat_id')
        .where('next_attempt_at', '<', before)
        .where((eb) => eb.or([eb('lease_until', 'is', null), eb('lease_until', '<', work.now)]))
        .orderBy('next_attempt_at')
        .limit(500)
        .execute()
      return rows.map((row) => row.chat_id)
    })
  }

  async #send(message: repo.Outgoing, token: string): Promise<Step> {
    const { database, directory } = this.#options
    const channel = await directory.find(message.channelId)
    if (!channel) throw new Error(`Channel ${message.channelId} of message ${message.id} is gone`)
    if (!channel.enabled)
      return this.#fail(message, null, { code: 'channel.disabled', reason: `The channel ${channel.account.name} is disabled.` })
    const parts = channel.adapter.split({ text: message.text, files: [], replyTo: null })
    const done = await repo.sentParts(database.db, message.id)
    for (const [index, part] of parts.entries()) {
      if (done.has(index)) continue
      const step = await this.#sendPart(message, channel, part, index, index === parts.length - 1, token)
      if (step !== 'part') return step
    }
    // Every part was taken before a crash cut off the last note of it.
    await database.transaction((work) => this.#options.messages.moveStatus(work, message.id, 'sent', null))
    return 'next'
  }

  async #sendPart(
    message: repo.Outgoing,
    channel: KnownChannel,
    part: OutboundPart,
    index: number,
    last: boolean,
    token: string,
  ): Promise<Step | 'part'> {
    const { database, http } = this.#options
    const correlationId = `${message.id}.${index}`
    const attempt = await database.transaction(async (work) => {
      if (!(await repo.extendLane(work, message.chatId, token, leaseMs))) return null
      return repo.startAttempt(work, message.id, index)
    })
    if (!attempt) return 'stop'
    const to = { identities: message.identities }
    let result: SendResult | null = null
    if (attempt.interrupted) result = await this.#findSent(channel, part, to, message)
    result ??= await channel.adapter.send(part, to, correlationId, channel.account, http)
    if (result.ok) return this.#sent(message, channel, result, attempt.id, index, last)
    return this.#notSent(message, channel, result, attempt.id, token)
  }

  async #findSent(
    channel: KnownChannel,
    part: OutboundPart,
    to: { identities: repo.Outgoing['identities'] },
    message: repo.Outgoing,
  ): Promise<SendSuccess | null> {
    const { database, http } = this.#options
    if (!channel.adapter.findSent) return null
    const first = await database.db
      .selectFrom('delivery_attempts')
      .select('started_at')
      .where('message_id', '=', message.id)
      .orderBy('id')
      .limit(1)
      .executeTakeFirstOrThrow()
    const known = await database.db.selectFrom('provider_messages').select('external_id').where('message_id', '=', message.id).execute()
    return channel.adapter.findSent(part, to, first.started_at, new Set(known.map((row) => row.external_id)), channel.account, http)
  }

  async #sent(
    message: repo.Outgoing,
    channel: KnownChannel,
    result: SendSuccess,
    attemptId: string,
    part: number,
    last: boolean,
  ): Promise<Step | 'part'> {
    await this.#options.database.transaction(async (work) => {
      await repo.finishAttempt(work, attemptId, { outcome: 'sent', code: null, reason: null })
      await work.trx
        .insertInto('provider_messages')
        .values(
          result.externalIds.map((externalId) => ({
            channel_id: channel.account.id,
            external_id: externalId,
            message_id: message.id,
            part,
            status: result.status,
          })),
        )
        .onConflict((conflict) => conflict.columns(['channel_id', 'external_id']).doNothing())
        .execute()
      if (last) await this.#options.messages.moveStatus(work, message.id, result.status, null)
    })
    return last ? 'next' : 'part'
  }

  async #notSent(message: repo.Outgoing, channel: KnownChannel, failure: SendFailure, attemptId: string, token: string): Promise<Step> {
    this.#options.log.warn(
      { chatId: message.chatId, messageId: message.id, channelId: channel.account.id, code: failure.code, attempt: message.attempts + 1 },
      'A message was not sent',
    )
    if (failure.uncertain && !channel.adapter.findSent) {
      return this.#fail(
        message,
        attemptId,
        { code: failure.code, reason: `${failure.reason} It may have been delivered; send it again only if the customer did not get it.` },
        'uncertain',
      )
    }
    const attempts = message.attempts + 1
    const waitsForChannel = failure.scope === 'channel'
    const mayRetry = waitsForChannel || failure.uncertain || (failure.retry && attempts < (failure.maxAttempts ?? defaultAttempts))
    if (!mayRetry) return this.#fail(message, attemptId, failure)
    const delay = Math.max(failure.retryAfterMs ?? 0, waitsForChannel ? channelBackoffMs : backoff(attempts))
    await this.#options.database.transaction(async (work) => {
      const at = new Date(work.now.getTime() + delay)
      await repo.finishAttempt(work, attemptId, {
        outcome: failure.uncertain ? 'uncertain' : 'retry',
        code: failure.code,
        reason: failure.reason,
      })
      await repo.postponeLane(work, message.chatId, token, at)
      work.afterCommit(() => this.#options.schedule(message.chatId, at))
    })
    return 'stop'
  }

  async #fail(
    message: repo.Outgoing,
    attemptId: string | null,
    failure: { code: string; reason: string },
    outcome: 'failed' | 'uncertain' = 'failed',
  ): Promise<Step> {
    await this.#options.database.transaction(async (work: ParleyWork) => {
      if (attemptId !== null) await repo.finishAttempt(work, attemptId, { outcome, code: failure.code, reason: failure.reason })
      await this.#options.messages.moveStatus(work, message.id, 'failed', failure)
    })
    return 'next'
  }
}

/** Exponential with jitter, in milliseconds. */
function backoff(attempts: number): number {
  const ceiling = Math.min(maxBackoffMs, firstBackoffMs * 2 ** (attempts - 1))
  return ceiling / 2 + Math.random() * (ceiling / 2)
}
