import { randomUUID } from 'node:crypto'
import type { ParleyDatabase, ParleyWork } from '../../schema.ts'
import { type ChannelKind, type OutboundFile, type OutboundPart, ProviderCallError, type SendResult } from './adapters/adapter.ts'
import type { HttpPort } from './adapters/http.ts'
import type { ChannelDirectory, KnownChannel } from './channel-directory.ts'
import { restrictionReason } from './customers.service.ts'
import * as repo from './delivery.repo.ts'
import { type DeliveryOutcomes, type PartCall, type Step, uncertainFailure, waitReason } from './delivery-outcomes.ts'
import { reserveSlot } from './send-pace.ts'

/** How long one worker owns a chat's lane without sign of life, in milliseconds; longer than any provider call may take. */
const leaseMs = 60_000
/** Messages of one chat sent in one go; then other chats get their turn. */
const messagesPerRun = 20
/** How long messages of a channel that the provider refuses wait before they look again, in milliseconds. */
const refusedWaitMs = 30_000

export interface DeliveryOptions {
  database: ParleyDatabase
  directory: ChannelDirectory
  http: HttpPort
  outcomes: DeliveryOutcomes
  /** The files of a message, ready to be sent. */
  filesOf(messageId: string, channel: KnownChannel): Promise<OutboundFile[]>
  /** What the message says to the customer: its text, or its translation. The same at every attempt. */
  outgoingText(message: Pick<repo.Outgoing, 'id' | 'text' | 'translate'>): Promise<string | null>
  /** Has run(chatId) called at this time. */
  schedule(chatId: string, at: Date): void
}

/** Sends the outbox of a chat in order: at least once, every attempt written down before it begins. */
export class DeliveryService {
  readonly #options: DeliveryOptions

  constructor(options: DeliveryOptions) {
    this.#options = options
  }

  /** Sends what waits in the chat, until it is empty, must wait, or `signal` says stop. */
  async run(chatId: string, signal: AbortSignal): Promise<void> {
    const { database, schedule } = this.#options
    const token = randomUUID()
    const claim = await database.transaction((work) => repo.claimLane(work, chatId, token, leaseMs))
    if (!claim.claimed) {
      // The job came early, and has replaced the one that was to come in time.
      if (claim.dueAt) schedule(chatId, claim.dueAt)
      return
    }
    for (let sent = 0; ; ) {
      const message = await repo.nextOutgoing(database.db, chatId)
      if (!message) {
        if (await database.transaction((work) => repo.closeLane(work, chatId, token))) return
        continue
      }
      if (signal.aborted || sent >= messagesPerRun) {
        await this.#giveBack(chatId, token)
        return
      }
      sent += 1
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

  async #giveBack(chatId: string, token: string): Promise<void> {
    await this.#options.database.transaction(async (work) => {
      await repo.postponeLane(work, chatId, token, work.now)
      work.afterCommit(() => this.#options.schedule(chatId, work.now))
    })
  }

  async #send(message: repo.Outgoing, token: string): Promise<Step> {
    const { database, directory, outcomes } = this.#options
    const channel = await directory.find(message.channelId)
    if (!channel) throw new Error(`Channel ${message.channelId} of message ${message.id} is gone`)
    if (!channel.enabled) {
      return outcomes.refuse(message, { code: 'channel.disabled', reason: `The channel ${channel.account.name} is disabled.` })
    }
    const optedOut = targetOf(message, channel)?.restriction === 'opted_out' ? restrictionReason('opted_out') : null
    if (optedOut !== null) return outcomes.refuse(message, { code: 'recipient.opted_out', reason: optedOut })
    const files = await this.#options.filesOf(message.id, channel)
    const parts = channel.adapter.split({ text: await this.#options.outgoingText(message), files, replyTo: null })
    const done = await repo.sentParts(database.db, message.id)
    for (const [index, part] of parts.entries()) {
      if (done.has(index)) continue
      const step = await this.#sendPart(message, channel, part, { index, count: parts.length }, token)
      if (step !== 'part') return step
    }
    await outcomes.complete(message.id)
    return 'next'
  }

  async #sendPart(
    message: repo.Outgoing,
    channel: KnownChannel,
    part: OutboundPart,
    { index, count }: { index: number; count: number },
    token: string,
  ): Promise<Step> {
    const { database, http, outcomes } = this.#options
    const start = await database.transaction(async (work) => {
      if (await this.#mustWait(work, message, channel, token)) return 'stop' as const
      const history = await repo.partHistory(work, message.id, index)
      // No proof came in time, and nobody can be asked.
      if (history.lastOutcome === 'uncertain' && !channel.adapter.findSent) return 'unproven' as const
      return { attemptId: await repo.startAttempt(work, message.id, index, count), history, startedAt: work.now }
    })
    if (start === 'stop') return 'stop'
    if (start === 'unproven') return outcomes.refuse(message, uncertainFailure(channel.account.kind))
    const call: PartCall = { message, channel, index, last: index === count - 1, token, ...start }
    let result: SendResult | null = null
    if (start.history.uncertainSince !== null) {
      const known = await repo.knownExternalIds(database.db, message.contactId, message.channelId)
      result = await this.#findSent(call, part, start.history.uncertainSince, known)
    }
    result ??= await channel.adapter.send(part, { identities: message.identities }, `${message.id}.${index}`, channel.account, http)
    return result.ok ? outcomes.sent(call, result) : outcomes.notSent(call, result)
  }

  /** What the provider has of a part that may have gone out; a question that fails counts as an attempt. */
  async #findSent(call: PartCall, part: OutboundPart, since: Date, known: ReadonlySet<string>): Promise<SendResult | null> {
    const { adapter, account } = call.channel
    if (!adapter.findSent) return null
    try {
      return await adapter.findSent(part, { identities: call.message.identities }, since, known, account, this.#options.http)
    } catch (error) {
      if (!(error instanceof ProviderCallError)) throw error
      return { ...error.failure, retry: true, uncertain: false }
    }
  }

  /** Whether the lane was given back: the provider has asked for silence, refuses the channel, its pace says later, or the lane is lost. */
  async #mustWait(work: ParleyWork, message: repo.Outgoing, channel: KnownChannel, token: string): Promise<boolean> {
    const { outcomes, schedule } = this.#options
    const { id, kind, name } = channel.account
    const state = await repo.channelState(work, id)
    // The chat's row is locked before its lane's, as everywhere.
    if (state.refusedReason !== null) {
      await outcomes.explainWait(work, message, { code: 'channel.refused', reason: waitReason(name, state.refusedReason) })
    }
    const lane = await repo.extendLane(work, message.chatId, token, leaseMs)
    if (!lane) return true
    const postpone = async (at: Date, slot: Date | null): Promise<true> => {
      await repo.postponeLane(work, message.chatId, token, at, slot)
      work.afterCommit(() => schedule(message.chatId, at))
      return true
    }
    if (state.refusedReason !== null) return postpone(new Date(work.now.getTime() + jitter(refusedWaitMs)), lane.slotAt)
    if (state.pausedUntil) return postpone(state.pausedUntil, lane.slotAt)
    const target = targetOf(message, channel)
    const recipient = target ? `${target.namespace} ${target.externalId}` : message.chatId
    const slot = lane.slotAt ?? (await reserveSlot(work, id, kind, recipient))
    return slot !== null && slot > work.now ? postpone(slot, slot) : false
  }
}

/** The name the message will go to: the first one the channel can reach. */
function targetOf(message: repo.Outgoing, { account }: KnownChannel): repo.OutgoingIdentity | undefined {
  const reaches = reach[account.kind]
  return message.identities.find(({ namespace }) => reaches(namespace))
}

const reach: Record<ChannelKind, (namespace: string) => boolean> = {
  sms: (namespace) => namespace === 'phone',
  whatsapp: (namespace) => namespace === 'phone' || namespace === 'whatsapp',
  telegram: (namespace) => namespace === 'telegram',
  messenger: (namespace) => namespace.startsWith('messenger:'),
  simulator: (namespace) => namespace.startsWith('simulator:'),
}

/** Up to a fifth more, so that what waits together does not come back together. */
function jitter(milliseconds: number): number {
  return milliseconds * (1 + Math.random() / 5)
}
