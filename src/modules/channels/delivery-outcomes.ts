import type { Logger } from '../../platform/log.ts'
import type { ParleyDatabase, ParleyWork } from '../../schema.ts'
import { type MessageService, nextSeq, type PublishChange } from '../chats/index.ts'
import type { ChannelKind, SendFailure, SendSuccess } from './adapters/adapter.ts'
import type { KnownChannel } from './channel-directory.ts'
import type { ChannelHealth } from './channel-health.ts'
import type { CustomerService } from './customers.service.ts'
import * as repo from './delivery.repo.ts'
import type { DeliveryLedger, Failure } from './delivery-ledger.ts'

/** Attempts before a failure that might pass is final, when the adapter does not say. */
const defaultAttempts = 10
const firstBackoffMs = 1_000
const maxBackoffMs = 300_000
/** Before an uncertain part is looked up at the provider: its own lists lag a little. */
const lookUpAfterMs = 2_000
/** How long the proof of a part that may have gone out is waited for; providers report within seconds. */
const proofWaitMs = 45_000
/** Silence kept after "too many requests" without a time, in milliseconds. */
const defaultPauseMs = 5_000
/** How long a message waits after the provider has refused the channel, in milliseconds. */
const refusedWaitMs = 30_000

/** Providers that report what they took under the mark we send along, even when their answer was lost. */
const proving: readonly ChannelKind[] = ['whatsapp', 'messenger']

/** part: this part is out, the next one may go. next: the message is done with. stop: the lane was given back. */
export type Step = 'part' | 'next' | 'stop'

/** One call to the provider, begun. */
export interface PartCall {
  message: repo.Outgoing
  channel: KnownChannel
  index: number
  last: boolean
  token: string
  attemptId: string
  history: repo.PartHistory
  startedAt: Date
}

export interface DeliveryOutcomeOptions {
  database: ParleyDatabase
  messages: MessageService
  ledger: DeliveryLedger
  health: ChannelHealth
  customers: CustomerService
  publish: PublishChange
  log: Logger
  /** Has the chat's outbox looked at at this time. */
  schedule(chatId: string, at: Date): void
}

/** The reason shown at a message whose channel the provider refuses. */
export function waitReason(channelName: string, reason: string): string {
  return `Waits: the channel ${channelName} is refused by its provider (${reason}).`
}

/** The failure of a message nobody can say of whether it arrived. */
export function uncertainFailure(kind: ChannelKind): Failure {
  return {
    code: `${kind}.uncertain`,
    reason:
      'The provider took the message but never answered. It may have been delivered; send it again only if the customer did not get it.',
  }
}

/** Writes down what became of calls, and decides what follows. */
export class DeliveryOutcomes {
  readonly #options: DeliveryOutcomeOptions

  constructor(options: DeliveryOutcomeOptions) {
    this.#options = options
  }

  /** The provider took the part. */
  async sent(call: PartCall, result: SendSuccess): Promise<Step> {
    const { database, ledger, customers } = this.#options
    const { message, channel, index, startedAt } = call
    const channelId = channel.account.id
    const byWatermark = channel.account.kind === 'messenger'
    // An answer without an id still stands for a part that is out.
    const externalIds = result.externalIds.length > 0 ? result.externalIds : [`parley:${message.id}.${index}`]
    await database.transaction(async (work) => {
      for (const externalId of [...externalIds].sort()) await ledger.lockExternal(work, channelId, externalId)
      if (byWatermark) await ledger.lockThread(work, channelId, message.contactId)
      await repo.finishAttempt(work, call.attemptId, { outcome: 'sent', code: null, reason: null })
      for (const externalId of externalIds) {
        const { status, providerAt } = result
        await ledger.link(work, { channelId, externalId, messageId: message.id, part: index, status, takenAt: startedAt, providerAt })
      }
      const reported = byWatermark ? await ledger.noteWatermarks(work, channelId, message.contactId) : []
      for (const id of new Set([...reported, message.id])) await ledger.settle(work, id)
    })
    const moved = result.movedTo
    const from = moved && message.identities.find((identity) => identity.namespace === moved.namespace)
    if (moved && from) {
      const eventKey = `moved:${from.externalId}:${moved.externalId}`
      await customers.changeIdentity(channel, { kind: 'identity_changed', eventKey, from, to: moved, at: null })
    }
    return call.last ? 'next' : 'part'
  }

  /** Every part is out: brings the message to where its parts are, should a crash have cut that off. */
  async complete(messageId: string): Promise<void> {
    await this.#options.database.transaction((work) => this.#options.ledger.settle(work, messageId))
  }

  /** The call failed: again later, or never. */
  async notSent(call: PartCall, failure: SendFailure): Promise<Step> {
    const { message, channel, history } = call
    this.#options.log.warn(
      { chatId: message.chatId, messageId: message.id, channelId: channel.account.id, code: failure.code, uncertain: failure.uncertain },
      'A message was not sent',
    )
    if (failure.uncertain) return this.#uncertain(call, failure)
    if (failure.scope === 'channel' && failure.category === 'account') {
      const reason = waitReason(channel.account.name, failure.reason)
      return this.#wait(call, { ...failure, reason }, refusedWaitMs, (work) =>
        this.#options.health.refused(work, channel.account.id, failure.reason),
      )
    }
    if (failure.category === 'rate_limited') {
      const delayMs = failure.retryAfterMs ?? defaultPauseMs
      return this.#wait(call, failure, delayMs, async (work) => {
        const until = new Date(work.now.getTime() + delayMs)
        if (failure.scope === 'channel') await this.#options.health.pause(work, channel.account.id, until)
      })
    }
    const attempts = history.counted + 1
    if (!failure.retry || attempts >= (failure.maxAttempts ?? defaultAttempts)) return this.#giveUp(call, failure)
    return this.#postpone(call, 'retry', failure, Math.max(failure.retryAfterMs ?? 0, backoff(attempts)))
  }

  /** Gives a message up without a call. */
  async refuse(message: repo.Outgoing, failure: Failure): Promise<Step> {
    await this.#options.database.transaction(async (work) => {
      await repo.addRefusal(work, message.id, failure)
      await this.#options.messages.moveStatus(work, message.id, 'failed', failure)
    })
    return 'next'
  }

  /** Shows at the message why it waits. */
  async explainWait(work: ParleyWork, message: repo.Outgoing, failure: Failure): Promise<void> {
    if (message.failureReason === failure.reason) return
    const seq = await nextSeq(work, message.chatId)
    const changed = await work.trx
      .updateTable('messages')
      .set({ failure_code: failure.code, failure_reason: failure.reason, changed_seq: seq })
      .where('id', '=', message.id)
      .where('status', '=', 'sending')
      .executeTakeFirst()
    if (changed.numUpdatedRows === 0n) return
    const change = { chatId: message.chatId, seq, messageId: message.id, status: 'sending' as const, failureReason: failure.reason }
    work.afterCommit(() => this.#options.publish({ kind: 'message_status', ...change }))
  }

  /** The provider may have the part. Where it proves that by itself, the proof is waited for; where it can be asked, it is. */
  async #uncertain(call: PartCall, failure: SendFailure): Promise<Step> {
    const { message, channel, index, history } = call
    const done = await repo.sentParts(this.#options.database.db, message.id)
    if (done.has(index)) {
      // The proof was faster than the end of the call.
      await this.#options.database.transaction((work) =>
        repo.finishAttempt(work, call.attemptId, { outcome: 'sent', code: failure.code, reason: failure.reason }),
      )
      return call.last ? 'next' : 'part'
    }
    const { kind } = channel.account
    if (channel.adapter.findSent) {
      const attempts = history.counted + 1
      if (attempts >= defaultAttempts) return this.#giveUp(call, { ...failure, ...uncertainFailure(kind), code: failure.code })
      return this.#postpone(call, 'uncertain', failure, Math.max(lookUpAfterMs, backoff(attempts)))
    }
    if (!proving.includes(kind)) return this.#giveUp(call, { ...failure, ...uncertainFailure(kind), code: failure.code })
    const reason = `${failure.reason}. Waiting for the provider to confirm whether it took the message.`
    return this.#postpone(call, 'uncertain', { ...failure, reason }, proofWaitMs)
  }

  /** The channel or the pace is the obstacle, not the message: that counts against no limit. */
  async #wait(call: PartCall, failure: Failure, delayMs: number, then: (work: ParleyWork) => Promise<void>): Promise<Step> {
    return this.#postpone(call, 'waiting', failure, delayMs, then)
  }

  async #postpone(
    call: PartCall,
    outcome: 'retry' | 'waiting' | 'uncertain',
    failure: Failure,
    delayMs: number,
    then: (work: ParleyWork) => Promise<void> = async () => undefined,
  ): Promise<Step> {
    const { chatId } = call.message
    await this.#options.database.transaction(async (work) => {
      const at = new Date(work.now.getTime() + delayMs)
      await repo.finishAttempt(work, call.attemptId, { outcome, code: failure.code, reason: failure.reason })
      await this.explainWait(work, call.message, failure)
      await repo.postponeLane(work, chatId, call.token, at)
      await then(work)
      work.afterCommit(() => this.#options.schedule(chatId, at))
    })
    return 'stop'
  }

  async #giveUp(call: PartCall, failure: Failure): Promise<Step> {
    const { code, reason } = failure
    await this.#options.database.transaction(async (work) => {
      await repo.finishAttempt(work, call.attemptId, { outcome: 'failed', code, reason })
      await this.#options.messages.moveStatus(work, call.message.id, 'failed', { code, reason })
    })
    return 'next'
  }
}

/** Exponential with jitter, in milliseconds. */
function backoff(attempts: number): number {
  const ceiling = Math.min(maxBackoffMs, firstBackoffMs * 2 ** (attempts - 1))
  return ceiling / 2 + Math.random() * (ceiling / 2)
}
