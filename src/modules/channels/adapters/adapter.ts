/**
 * The contract between the channels service and a provider. An adapter is pure code: it knows HTTP and the
 * provider's formats, no database, no clock and no other module.
 */
import type { Readable } from 'node:stream'
import type { TSchema } from 'typebox'
import type { HttpPort } from './http.ts'

export type ChannelKind = 'telegram' | 'whatsapp' | 'messenger' | 'sms' | 'simulator'

/** Delivery states of an outgoing message in rank order; `failed` stands beside the ladder. */
export type DeliveryStatus = 'sending' | 'sent' | 'delivered' | 'read' | 'failed'

export interface ChannelAccount {
  id: string
  kind: ChannelKind
  name: string
  /** Decrypted and valid under the adapter's `configSchema`. */
  config: Record<string, unknown>
  /** PARLEY_PUBLIC_URL: where providers reach this server, or null when they cannot. */
  publicUrl: string | null
}

export interface WebhookRequest {
  method: string
  /** Path and query exactly as received: they are part of what Twilio signs. */
  url: string
  headers: Record<string, string | string[] | undefined>
  /** The bytes as received, before any decoding: they are what providers sign. */
  rawBody: Buffer
  query: Record<string, string>
}

export type Verification = { ok: true } | { ok: false; status: 400 | 401 | 403; reason: string }

export interface HttpAnswer {
  status: number
  contentType: string
  body: string
}

/**
 * One name of a customer. Namespaces: `phone` (E.164 with +, shared by whatsapp and sms), `telegram` (user or
 * group id), `messenger:<pageId>` (page-scoped id), `whatsapp` (business-scoped user id), `simulator:<channelId>`.
 */
export interface IdentityRef {
  namespace: string
  externalId: string
}

export interface InboundCustomer {
  /** Never empty; the first is the one to answer to. All belong to the same person. */
  identities: IdentityRef[]
  name: string | null
  username: string | null
  /** E.164 with +, as far as the provider vouches for it. */
  phone: string | null
  /** BCP 47 tag the customer's app reports. */
  language: string | null
}

export type FileKind = 'image' | 'audio' | 'voice' | 'video' | 'document' | 'sticker'

/** Where the bytes are: an id at the provider, an address, or a file Parley already stores. */
export type FileSource = { by: 'id'; id: string } | { by: 'url'; url: string } | { by: 'stored'; fileId: string }

export interface InboundFile {
  source: FileSource
  kind: FileKind
  /** The customer's own file name, or null when the provider gives none (see `inboundFileName`). */
  name: string | null
  type: string | null
  /** Bytes, as the provider announces them. */
  size: number | null
  /** Base64, as the provider announces it. */
  sha256: string | null
}

/** What a customer wrote, in a form an agent can read. */
export interface InboundContent {
  /** The provider's own word for what this is: text, location, button, … */
  type: string
  text: string | null
  files: InboundFile[]
  /** Machine value behind a button, quick reply or deep link. */
  payload: string | null
  quoted: { externalId: string; text: string | null } | null
  forwarded: boolean
  /** Messages with the same album id were sent as one. */
  albumId: string | null
}

/** Which outgoing messages a receipt is about. */
export type StatusTarget =
  | { by: 'message'; externalId: string; correlationId: string | null }
  /** Everything sent to this customer up to a moment of the provider's clock. */
  | { by: 'watermark'; customer: IdentityRef; upTo: Date; inclusive: boolean }

export type InboundEvent =
  | ({
      kind: 'message'
      externalId: string
      customer: InboundCustomer
      providerAt: Date | null
      acknowledge: string | null
    } & InboundContent)
  /** A person answered outside Parley (the Page's own inbox): to be stored as outgoing. */
  | ({ kind: 'outgoing'; externalId: string; customer: InboundCustomer; providerAt: Date | null } & InboundContent)
  /** The provider repeats what Parley itself sent: links the provider's id and time to our message. */
  | { kind: 'echo'; externalId: string; correlationId: string | null; customer: IdentityRef; providerAt: Date | null }
  | ({
      kind: 'edited'
      eventKey: string
      externalId: string
      customer: InboundCustomer
      providerAt: Date | null
    } & InboundContent)
  | { kind: 'deleted'; eventKey: string; externalId: string; customer: InboundCustomer; providerAt: Date | null }
  /** `emoji` null takes the reaction back; `text` is the line for an agent. */
  | {
      kind: 'reaction'
      eventKey: string
      externalId: string
      emoji: string | null
      text: string
      customer: InboundCustomer
      providerAt: Date | null
    }
  | { kind: 'status'; eventKey: string; target: StatusTarget; status: DeliveryStatus; at: Date | null; failure: SendFailure | null }
  | { kind: 'profile'; customer: InboundCustomer }
  | { kind: 'identity_changed'; eventKey: string; from: IdentityRef; to: IdentityRef; at: Date | null }
  | { kind: 'blocked' | 'unblocked' | 'opted_out' | 'opted_in'; eventKey: string; customer: InboundCustomer; at: Date | null }
  /** One app serves several pages or numbers at one address: this belongs to the channel with that `accountKey`. */
  | { kind: 'other_account'; accountKey: string; event: InboundEvent }
  | { kind: 'ignored'; reason: string }

export interface OutboundFile {
  id: string
  name: string
  type: string
  size: number
  /** A signed address providers can fetch from, or null when this server has no public address. */
  publicUrl: string | null
  /** A fresh stream of the bytes; may be called once per attempt. */
  open: () => Promise<Readable>
}

export interface OutboundMessage {
  text: string | null
  files: OutboundFile[]
  /** Provider id of the message this one answers. */
  replyTo: string | null
}

/** One call to the provider. */
export interface OutboundPart {
  text: string | null
  files: OutboundFile[]
  replyTo: string | null
}

/** The name the customer last wrote under first; an adapter takes the first one its channel can reach. */
export interface Recipient {
  identities: readonly IdentityRef[]
}

export type FailureCategory =
  | 'network'
  | 'temporary'
  | 'rate_limited'
  | 'window_closed'
  | 'opted_out'
  | 'unreachable'
  | 'content'
  | 'account'
  | 'unknown'

export interface SendFailure {
  ok: false
  category: FailureCategory
  retry: boolean
  /** At least this long before the next attempt; null leaves it to the caller's back-off. */
  retryAfterMs: number | null
  /** Attempts after which a failure of this sort is final; null means the caller's own limit. */
  maxAttempts: number | null
  /** The provider may have taken the message: sending again may double it. */
  uncertain: boolean
  /** `<provider>.<its code>`, e.g. `whatsapp.131047`; `network.<code>` when no answer came. */
  code: string
  /** For the agent's tooltip. */
  reason: string
  /** What is out of order: this message, everything to this recipient, or the whole channel. */
  scope: 'message' | 'recipient' | 'channel'
}

export interface SendSuccess {
  ok: true
  externalIds: string[]
  providerAt: Date | null
  /** What the provider's answer already proves: `sent` means it took the message, never that it arrived. */
  status: Exclude<DeliveryStatus, 'sending' | 'failed'>
  /** The recipient's new address, when the provider told one and it was used. */
  movedTo: IdentityRef | null
}

export type SendResult = SendSuccess | SendFailure

export interface TypeLimit {
  /** MIME type or `image/*`. */
  type: string
  maxBytes: number
}

export interface ChannelLimits {
  /** Characters (UTF-16 units) of one message. */
  maxTextLength: number
  /** Longest text that travels with a file; longer texts become a message of their own. 0 means never with a file. */
  maxCaptionLength: number
  maxFilesPerMessage: number
  filesPerProviderMessage: number
  /** The first entry that matches decides; a type that matches none is refused. */
  fileTypes: readonly TypeLimit[]
  /** Sum over the files of one message in bytes, or null. */
  maxTotalBytes: number | null
  /** Hours after the customer's last message in which a reply is allowed, or null. */
  replyWindowHours: number | null
}

export interface MediaStream {
  stream: Readable
  type: string | null
  size: number | null
  name: string | null
}

export interface Profile {
  name: string | null
  language: string | null
  phone: string | null
  /** To be fetched by `media`. */
  picture: InboundFile | null
}

export interface HealthCheck {
  name: string
  ok: boolean
  detail: string
}

export interface Health {
  ok: boolean
  checks: HealthCheck[]
}

/** What a customer sees while an agent works. */
export type Presence =
  /** `lastMessageId`: the customer's last message, which WhatsApp ties the typing to (and shows as read). */
  { kind: 'typing'; lastMessageId: string | null } | { kind: 'read'; externalId: string }

export interface ChannelAdapter {
  kind: ChannelKind
  configSchema: TSchema
  /** Config fields that are stored encrypted and never returned. */
  secretFields: readonly string[]
  /** Statuses an outgoing message can reach here besides `sending`. */
  statuses: readonly DeliveryStatus[]
  limits(config: Record<string, unknown>): ChannelLimits
  /** Names the provider's account (bot, page, number) the channel stands for; the key of `other_account`. */
  accountKey(config: Record<string, unknown>): string
  verify(request: WebhookRequest, account: ChannelAccount): Verification
  /** Answers the provider's GET when it checks the address; absent where there is no such check. */
  handshake?(query: Record<string, string>, account: ChannelAccount): HttpAnswer
  /** Every event of the request, in order. Throws MalformedPayload when the body is not what its type says. */
  parse(request: WebhookRequest, account: ChannelAccount): InboundEvent[]
  /** The answer after the commit. */
  respond(): HttpAnswer
  /** Splits one message into provider messages. */
  split(message: OutboundMessage): OutboundPart[]
  /** Never throws for what a provider or network does; that is a SendFailure. */
  send(part: OutboundPart, to: Recipient, correlationId: string, account: ChannelAccount, http: HttpPort): Promise<SendResult>
  /** After an uncertain attempt: what the provider has of this part, null when it has nothing. Absent where it cannot be asked. */
  findSent?(
    part: OutboundPart,
    to: Recipient,
    since: Date,
    knownIds: ReadonlySet<string>,
    account: ChannelAccount,
    http: HttpPort,
  ): Promise<SendSuccess | null>
  /** Throws MediaError. */
  media(file: InboundFile, account: ChannelAccount, http: HttpPort): Promise<MediaStream>
  /** Null when the provider tells nothing about this identity. Throws ProviderCallError. */
  profile?(identity: IdentityRef, account: ChannelAccount, http: HttpPort): Promise<Profile | null>
  /** Tells the provider that a message's `acknowledge` token was seen. Throws ProviderCallError. */
  acknowledge?(token: string, account: ChannelAccount, http: HttpPort): Promise<void>
  /** Throws ProviderCallError. */
  presence?(presence: Presence, to: Recipient, account: ChannelAccount, http: HttpPort): Promise<void>
  health(account: ChannelAccount, http: HttpPort): Promise<Health>
  /** Registers the webhook where the provider has a call for it. Throws ProviderCallError. */
  connect?(account: ChannelAccount, http: HttpPort): Promise<void>
  disconnect?(account: ChannelAccount, http: HttpPort): Promise<void>
}

/** The body does not parse as what its content type says; the endpoint answers 400. */
export class MalformedPayload extends Error {
  override name = 'MalformedPayload'
}

/** A file of a customer could not be fetched; `retry` tells whether a later attempt can succeed. */
export class MediaError extends Error {
  override name = 'MediaError'
  readonly code: 'gone' | 'too_large' | 'unauthorized' | 'refused_host' | 'temporary'
  readonly retry: boolean

  constructor(code: MediaError['code'], message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
    this.retry = code === 'temporary'
  }
}

/** A call that is not a send failed. */
export class ProviderCallError extends Error {
  override name = 'ProviderCallError'
  readonly failure: SendFailure

  constructor(failure: SendFailure) {
    super(failure.reason)
    this.failure = failure
  }
}
