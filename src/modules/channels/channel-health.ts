import { sql } from 'kysely'
import type { ChannelHealthReport } from '../../contracts/index.ts'
import { notFound } from '../../platform/errors.ts'
import type { Logger } from '../../platform/log.ts'
import type { ParleyDatabase, ParleyWork } from '../../schema.ts'
import type { PushNotification } from '../notifications/index.ts'
import type { Health } from './adapters/adapter.ts'
import type { HttpPort } from './adapters/http.ts'
import type { ChannelDirectory, KnownChannel } from './channel-directory.ts'
import { hurryChannel } from './delivery.repo.ts'

type State = 'unknown' | 'ok' | 'warning' | 'failing'

export interface ChannelHealthOptions {
  database: ParleyDatabase
  directory: ChannelDirectory
  http: HttpPort
  log: Logger
  push: PushNotification
  audit(work: ParleyWork, agentId: string | null, action: string, subject: string, details?: Record<string, unknown>): Promise<void>
  /** Has the chat's outbox looked at soon. */
  deliverSoon(chatId: string): void
}

const minuteMs = 60_000
/** The same trouble of a channel is told to administrators at most this often. */
const alarmEveryMs = 60 * minuteMs
/** How often a channel that seems well is asked. */
const checkEveryMs = 5 * minuteMs
/** A webhook's arrival is written down at most this often, so that it costs the hot path nothing. */
const heardEveryMs = minuteMs
/** Probes in a row that have to fail before anybody is alarmed: networks hiccup. */
const failuresBeforeAlarm = 2
const dayMs = 24 * 60 * minuteMs
const keptMs = { receipts: dayMs, events: 30 * dayMs, unhandled: 7 * dayMs, slots: 60 * minuteMs }

/** Knows which channels work, holds back those whose credentials are refused, and tells the administrators. */
export class ChannelHealth {
  readonly #options: ChannelHealthOptions
  readonly #heard = new Map<string, number>()

  constructor(options: ChannelHealthOptions) {
    this.#options = options
  }

  /** The provider refuses what the channel sends as such: its messages wait until that is mended. */
  async refused(work: ParleyWork, channelId: string, reason: string): Promise<void> {
    await this.#move(work, channelId, 'failing', reason)
  }

  /** The provider asked the whole channel to be silent until then. */
  async pause(work: ParleyWork, channelId: string, until: Date): Promise<void> {
    await work.trx
      .updateTable('channels')
      .set({ paused_until: sql<Date>`greatest(paused_until, ${until}::timestamptz)` })
      .where('id', '=', channelId)
      .execute()
  }

  /** A webhook of the channel came in. */
  heard(channelId: string): void {
    const now = performance.now()
    if (now - (this.#heard.get(channelId) ?? -heardEveryMs) < heardEveryMs) return
    this.#heard.set(channelId, now)
    const { database, log } = this.#options
    database
      .transaction((work) => work.trx.updateTable('channels').set({ last_webhook_at: work.now }).where('id', '=', channelId).execute())
      .catch((error: unknown) => log.warn({ err: error, channelId }, 'The arrival of a webhook could not be written down'))
  }

  /** The channel was configured anew: what was known of it counts no more, and what waits is tried. */
  async reset(channelId: string): Promise<void> {
    const { database } = this.#options
    await database.transaction((work) =>
      work.trx
        .updateTable('channels')
        .set({
          health: 'unknown',
          health_reason: null,
          health_since: work.now,
          failed_checks: 0,
          alarmed_reason: null,
          paused_until: null,
          checked_at: null,
        })
        .where('id', '=', channelId)
        .execute(),
    )
    await this.#release(channelId)
  }

  /** What is known of the channel, with an answer of the provider of right now; a channel that works again goes on. */
  async check(channelId: string): Promise<ChannelHealthReport> {
    const channel = await this.#options.directory.find(channelId)
    if (!channel) throw notFound(`Channel ${channelId}`)
    const health = await this.#probe(channel, 1)
    return this.#report(channelId, health)
  }

  /** Asks every channel that is due, and forgets what is too old to be of use. */
  async watch(): Promise<void> {
    const { database, directory, log } = this.#options
    const due = await database.transaction((work) =>
      work.trx
        .selectFrom('channels')
        .select('id')
        .where('enabled', '=', true)
        .where('kind', '<>', 'simulator')
        .where((eb) =>
          eb.or([
            eb('health', '=', 'failing'),
            eb('failed_checks', '>', 0),
            eb('checked_at', 'is', null),
            eb('checked_at', '<', new Date(work.now.getTime() - checkEveryMs)),
          ]),
        )
        .execute(),
    )
    for (const { id } of due) {
      try {
        const channel = await directory.find(id)
        if (channel) await this.#probe(channel, failuresBeforeAlarm)
      } catch (error) {
        // One channel that cannot be asked must not keep the others from being asked.
        log.error({ err: error, channelId: id }, 'A channel could not be checked')
      }
    }
    await this.#prune()
  }

  async #probe(channel: KnownChannel, failuresNeeded: number): Promise<Health> {
    const { http, database } = this.#options
    const { id, kind } = channel.account
    const health = await channel.adapter.health(channel.account, http)
    const token = health.checks.find((check) => check.name === 'token')
    const broken = health.checks.find((check) => !check.ok)
    let release = false
    await database.transaction(async (work) => {
      const row = await work.trx.selectFrom('channels').selectAll().where('id', '=', id).forUpdate().executeTakeFirst()
      if (!row) return
      const silence = broken === undefined && kind !== 'simulator' ? silenceOf(row, work.now) : null
      const failed = broken === undefined ? 0 : row.failed_checks + 1
      await work.trx.updateTable('channels').set({ checked_at: work.now, failed_checks: failed }).where('id', '=', id).execute()
      release = row.health === 'failing' && token?.ok === true
      if (broken === undefined) await this.#move(work, id, silence === null ? 'ok' : 'warning', silence)
      else if (release) await this.#move(work, id, 'warning', broken.detail)
      // What the provider said when it refused a message is worth more than what it says to a probe.
      else if (row.health !== 'failing' && failed >= failuresNeeded) {
        await this.#move(work, id, token?.ok === false ? 'failing' : 'warning', broken.detail)
      }
    })
    if (release) await this.#release(id)
    return health
  }

  /** Moves the state of a channel and tells the administrators of what is new about it. */
  async #move(work: ParleyWork, channelId: string, state: State, reason: string | null): Promise<void> {
    const row = await work.trx.selectFrom('channels').selectAll().where('id', '=', channelId).forUpdate().executeTakeFirstOrThrow()
    if (row.health === state && row.health_reason === reason) return
    await work.trx
      .updateTable('channels')
      .set({ health: state, health_reason: reason, ...(row.health === state ? {} : { health_since: work.now }) })
      .where('id', '=', channelId)
      .execute()
    const wasBroken = row.health === 'failing' || row.health === 'warning'
    if (state === 'ok' || state === 'unknown') {
      if (!wasBroken) return
      await this.#options.audit(work, null, 'channel.recovered', `${row.kind} ${row.name}`)
      await this.#alarm(work, `Channel ${row.name} works again`, 'Messages that waited are being sent.', 'info')
      await work.trx.updateTable('channels').set({ alarmed_reason: null }).where('id', '=', channelId).execute()
      return
    }
    await this.#options.audit(work, null, 'channel.failing', `${row.kind} ${row.name}`, { reason })
    const told = row.alarmed_reason === reason && row.alarmed_at !== null && work.now.getTime() - row.alarmed_at.getTime() < alarmEveryMs
    if (told) return
    await work.trx.updateTable('channels').set({ alarmed_at: work.now, alarmed_reason: reason }).where('id', '=', channelId).execute()
    const title = state === 'failing' ? `Channel ${row.name} cannot send` : `Channel ${row.name} may not receive`
    await this.#alarm(work, title, reason ?? '', state === 'failing' ? 'error' : 'warning')
  }

  async #alarm(work: ParleyWork, title: string, text: string, severity: 'info' | 'warning' | 'error'): Promise<void> {
    const admins = await work.trx.selectFrom('agents').select('id').where('role', '=', 'admin').where('disabled', '=', false).execute()
    if (admins.length === 0) return
    await work.trx
      .insertInto('notifications')
      .values(admins.map(({ id }) => ({ agent_id: id, chat_id: null, title, text, severity, created_at: work.now, read_at: null })))
      .execute()
    const ids = admins.map(({ id }) => id)
    work.afterCommit(() => this.#options.push(ids, { type: 'notification', title, text, severity, chatId: null }))
  }

  /** Lets the messages go that waited for the channel. */
  async #release(channelId: string): Promise<void> {
    const chats = await this.#options.database.transaction((work) => hurryChannel(work, channelId))
    // The sweeper finds the rest.
    for (const chatId of chats.slice(0, 500)) this.#options.deliverSoon(chatId)
  }

  async #report(channelId: string, health: Health): Promise<ChannelHealthReport> {
    const { db } = this.#options.database
    const row = await db.selectFrom('channels').selectAll().where('id', '=', channelId).executeTakeFirstOrThrow()
    const waiting = await db
      .selectFrom('messages as m')
      .innerJoin('delivery_lanes as l', 'l.chat_id', 'm.chat_id')
      .select((eb) => eb.fn.countAll<string>().as('count'))
      .where('m.channel_id', '=', channelId)
      .where('m.status', '=', 'sending')
      .executeTakeFirstOrThrow()
    return {
      ok: health.ok && row.health !== 'failing' && row.health !== 'warning',
      state: row.health,
      reason: row.health_reason,
      since: row.health_since?.toISOString() ?? null,
      checks: health.checks,
      lastWebhookAt: row.last_webhook_at?.toISOString() ?? null,
      pausedUntil: row.paused_until?.toISOString() ?? null,
      waitingMessages: Number(waiting.count),
    }
  }

  async #prune(): Promise<void> {
    await this.#options.database.transaction(async (work) => {
      const before = (ms: number) => new Date(work.now.getTime() - ms)
      await work.trx.deleteFrom('pending_receipts').where('received_at', '<', before(keptMs.receipts)).execute()
      await work.trx.deleteFrom('inbound_events').where('received_at', '<', before(keptMs.events)).execute()
      await work.trx.deleteFrom('unhandled_webhooks').where('received_at', '<', before(keptMs.unhandled)).execute()
      await work.trx.deleteFrom('send_slots').where('next_at', '<', before(keptMs.slots)).execute()
    })
  }
}

/** Says since when nothing came in, when that is longer than the channel's alarm allows. */
function silenceOf(
  row: { silence_alarm_hours: number | null; last_webhook_at: Date | null; created_at: Date; enabled: boolean },
  now: Date,
): string | null {
  if (row.silence_alarm_hours === null || !row.enabled) return null
  const last = row.last_webhook_at ?? row.created_at
  if (now.getTime() - last.getTime() < row.silence_alarm_hours * 60 * minuteMs) return null
  return row.last_webhook_at === null
    ? `Nothing has ever come in since the channel was made ${row.silence_alarm_hours} hours ago or longer: check the webhook at the provider.`
    : `Nothing has come in for ${row.silence_alarm_hours} hours: check the webhook at the provider.`
}
