import type { ChannelSetup } from '../../contracts/index.ts'
import type { Logger } from '../../platform/log.ts'
import { isLoopback, webhookUrl } from './adapters/account.ts'
import { type ChannelAccount, ProviderCallError } from './adapters/adapter.ts'
import type { HttpPort } from './adapters/http.ts'
import { adapterFor } from './adapters/index.ts'

export interface ConnectorOptions {
  http: HttpPort
  log: Logger
  publicUrl: string
  /** False when the public address is only a guess, which no provider can reach. */
  publicUrlIsSet: boolean
}

/** Tells providers where to send their webhooks, where they have a call for it. */
export class ChannelConnector {
  readonly #options: ConnectorOptions

  constructor(options: ConnectorOptions) {
    this.#options = options
  }

  /** Never throws for what a provider or network does: the channel is there all the same, and the answer tells what is wrong. */
  async connect(account: ChannelAccount): Promise<ChannelSetup> {
    const { http } = this.#options
    const adapter = adapterFor(account.kind)
    const url = webhookUrl(account) ?? ''
    if (!adapter.connect) return { ok: true, detail: manualStep(account, url), webhookUrl: url }
    if (!this.#reachable(account)) {
      return {
        ok: false,
        detail: 'Set PARLEY_PUBLIC_URL, so that the provider can reach this server, and save the channel again.',
        webhookUrl: url,
      }
    }
    try {
      await adapter.connect(account, http)
      return { ok: true, detail: connectedDetail(account, url), webhookUrl: url }
    } catch (error) {
      if (!(error instanceof ProviderCallError)) throw error
      return { ok: false, detail: error.message, webhookUrl: url }
    }
  }

  /** Takes the webhook away, as far as the provider lets us. */
  async disconnect(account: ChannelAccount): Promise<void> {
    const { http, log } = this.#options
    try {
      await adapterFor(account.kind).disconnect?.(account, http)
    } catch (error) {
      if (!(error instanceof ProviderCallError)) throw error
      // The channel is off on our side, which refuses its webhooks.
      log.warn({ err: error, channelId: account.id }, 'The webhook could not be taken from the provider')
    }
  }

  /** A server on this machine can be told a guessed address; the provider itself cannot. */
  #reachable(account: ChannelAccount): boolean {
    const { apiBaseUrl } = account.config
    return this.#options.publicUrlIsSet || (typeof apiBaseUrl === 'string' && isLoopback(new URL(apiBaseUrl).hostname))
  }
}

function manualStep(account: ChannelAccount, url: string): string {
  switch (account.kind) {
    case 'whatsapp':
      return `Enter ${url} and the verify token as the webhook of the app at Meta, and subscribe to "messages".`
    case 'sms':
      return `Enter ${url} as the webhook for incoming messages of the number or messaging service at Twilio.`
    default:
      return 'Nothing has to be set up.'
  }
}

function connectedDetail(account: ChannelAccount, url: string): string {
  return account.kind === 'messenger'
    ? `The app is subscribed to the page. Enter ${url} and the verify token as the webhook of the app at Meta.`
    : `The webhook is registered at ${url}.`
}
