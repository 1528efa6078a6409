import { sql } from 'kysely'
import type { ParleyWork } from '../../schema.ts'
import type { ChannelKind } from './adapters/adapter.ts'

/** So many at once, and from then on one in every interval. */
interface Pace {
  /** Milliseconds a message costs. */
  intervalMs: number
  /** Messages that may go at once after a pause. */
  burst: number
}

interface KindPace {
  channel: Pace | null
  recipient: Pace | null
}

/**
 * What providers take. Telegram: about one message a second to a chat and 30 a second from a bot
 * (https://core.telegram.org/bots/faq#my-bot-is-hitting-limits-how-do-i-avoid-this). WhatsApp: 80 a second from a number
 * and one in six seconds to a customer, with bursts (Cloud API throughput and pair rate limits). Messenger: 300 a second
 * from a page (Send API rate limits). Twilio queues by itself and only limits how many requests run at once.
 */
const paces: Record<ChannelKind, KindPace> = {
  telegram: { channel: { intervalMs: 1000 / 30, burst: 30 }, recipient: { intervalMs: 1_000, burst: 3 } },
  whatsapp: { channel: { intervalMs: 1000 / 80, burst: 80 }, recipient: { intervalMs: 6_000, burst: 20 } },
  messenger: { channel: { intervalMs: 1000 / 300, burst: 100 }, recipient: null },
  sms: { channel: { intervalMs: 10, burst: 50 }, recipient: null },
  simulator: { channel: null, recipient: null },
}

/**
 * Reserves the moment at which the next message to this recipient may leave, for the whole cluster; null when that is
 * now. A reservation counts whether it is used or not.
 */
export async function reserveSlot(work: ParleyWork, channelId: string, kind: ChannelKind, recipient: string): Promise<Date | null> {
  const { channel, recipient: pair } = paces[kind]
  const moments = [
    ...(pair ? [await reserve(work, channelId, recipient, pair)] : []),
    ...(channel ? [await reserve(work, channelId, '', channel)] : []),
  ]
  const at = Math.max(0, ...moments)
  return at > work.now.getTime() ? new Date(at) : null
}

/** The generic cell rate algorithm: `next_at` is when the messages so far are paid for. */
async function reserve(work: ParleyWork, channelId: string, recipient: string, { intervalMs, burst }: Pace): Promise<number> {
  const seconds = intervalMs / 1000
  const result = await sql<{ next_at: Date }>`
    insert into send_slots as s (channel_id, recipient, next_at)
    values (${channelId}, ${recipient}, ${work.now}::timestamptz + make_interval(secs => ${seconds}))
    on conflict (channel_id, recipient)
    do update set next_at = greatest(s.next_at, ${work.now}::timestamptz) + make_interval(secs => ${seconds})
    returning next_at`.execute(work.trx)
  const paidUntil = result.rows[0]?.next_at.getTime() ?? 0
  return paidUntil - burst * intervalMs
}
