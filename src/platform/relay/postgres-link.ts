import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import { Assembler, toNotifications } from './chunks.ts'
import type { Link, LinkEvents } from './relay.types.ts'

/**
 * Links nodes by LISTEN and NOTIFY on one connection, which comes back by itself. It needs a real session, so not one
 * behind a pooler in transaction mode.
 * @throws when PostgreSQL cannot be reached now
 */
export async function openPostgresLink(url: string, channel: string, nodeId: string, events: LinkEvents): Promise<Link> {
  const link = new PostgresLink(url, channel, nodeId, events)
  await link.open()
  return link
}

class PostgresLink implements Link {
  readonly #url: string
  readonly #channel: string
  readonly #nodeId: string
  readonly #events: LinkEvents
  readonly #assembler = new Assembler()
  readonly #closing = new AbortController()
  #client: pg.Client | undefined
  #reopening: Promise<void> | undefined
  #sent = 0

  constructor(url: string, channel: string, nodeId: string, events: LinkEvents) {
    this.#url = url
    this.#channel = channel
    this.#nodeId = nodeId
    this.#events = events
  }

  async open(): Promise<void> {
    const client = new pg.Client({
      connectionString: this.#url,
      application_name: 'parley relay',
      connectionTimeoutMillis: 5_000,
      query_timeout: 5_000,
      keepAlive: true,
      keepAliveInitialDelayMillis: 10_000,
      // A notification is gone with the server anyway, so it need not wait for the disk.
      options: '-c synchronous_commit=off',
    })
    client.on('error', (error) => this.#lost(client, error))
    client.on('end', () => this.#lost(client, new Error('the connection to PostgreSQL is closed')))
    client.on('notification', ({ payload = '' }) => this.#receive(payload))
    try {
      await client.connect()
      await client.query(`listen ${pg.escapeIdentifier(this.#channel)}`)
    } catch (error) {
      // The error to report is the first one; ending a connection that never was can only repeat it.
      await client.end().catch(() => undefined)
      throw error
    }
    this.#client = client
  }

  async send(payload: string): Promise<void> {
    const client = this.#client
    if (!client) throw new Error('no connection to PostgreSQL')
    this.#sent += 1
    const parts = toNotifications(this.#nodeId, this.#sent, payload)
    try {
      await client.query({
        name: 'relay-send', // prepared once
        text: 'select pg_notify($1, part) from unnest($2::text[]) with ordinality as parts(part, position) order by position',
        values: [this.#channel, parts],
      })
    } catch (error) {
      this.#lost(client, error) // also after a timeout, when the connection still looks open
      throw error
    }
  }

  async close(): Promise<void> {
    this.#closing.abort()
    await this.#reopening
    const client = this.#client
    this.#client = undefined
    await client?.end()
  }

  #receive(notification: string): void {
    if (notification.startsWith(`${this.#nodeId} `)) return
    const payload = this.#assembler.add(notification)
    if (payload !== undefined) this.#events.onPayload(payload)
  }

  #lost(client: pg.Client, error: unknown): void {
    if (client !== this.#client) return
    this.#client = undefined
    this.#assembler.clear()
    // The connection is broken already; how it ends is of no interest.
    void client.end().catch(() => undefined)
    this.#events.onLost(error)
    this.#reopening = this.#reopen()
  }

  async #reopen(): Promise<void> {
    for (let waitMs = 100; !this.#closing.signal.aborted; waitMs = Math.min(waitMs * 2, 2_000)) {
      try {
        await sleep(waitMs, undefined, { signal: this.#closing.signal })
        await this.open()
        this.#events.onRestored()
        return
      } catch (error) {
        if (!this.#closing.signal.aborted) this.#events.onLost(error)
      }
    }
  }
}
