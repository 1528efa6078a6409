import { isAllowedMediaUrl } from '../account.ts'
import {
  type ChannelAccount,
  type ChannelAdapter,
  type Health,
  type HealthCheck,
  type IdentityRef,
  type InboundFile,
  MediaError,
  type MediaStream,
  type Presence,
  type Profile,
  ProviderCallError,
  type Recipient,
} from '../adapter.ts'
import type { HttpPort } from '../http.ts'
import { type Json, objects, parseObject, text } from '../json.ts'
import { fetchMedia } from '../media.ts'
import { askGraph } from '../meta/graph.ts'
import { answerHandshake, receivedAnswer, verifyMeta } from '../meta/meta-webhook.ts'
import { MessengerConfig, messengerAccess, messengerConfig, messengerNamespace } from './messenger-config.ts'
import { parseMessenger } from './messenger-parse.ts'
import { messengerLimits, sendToMessenger, splitForMessenger } from './messenger-send.ts'

const mediaHosts = ['fbsbx.com', 'fbcdn.net', 'facebook.com', 'cdninstagram.com']
const subscribedFields = [
  'messages',
  'messaging_postbacks',
  'message_echoes',
  'message_deliveries',
  'message_reads',
  'message_reactions',
  'message_edits',
]

/** Facebook Messenger for pages (https://developers.facebook.com/docs/messenger-platform). */
export const messengerAdapter: ChannelAdapter = {
  kind: 'messenger',
  configSchema: MessengerConfig,
  secretFields: ['pageAccessToken', 'appSecret', 'verifyToken'],
  statuses: ['sent', 'delivered', 'read', 'failed'],
  limits: (config) => messengerLimits({ humanAgentTag: config.humanAgentTag === true }),
  accountKey: (config) => String(config.pageId),
  verify: (request, account) => verifyMeta(request, messengerConfig(account).appSecret),
  handshake: (query, account) => answerHandshake(query, messengerConfig(account).verifyToken),
  parse: (request, account) => parseMessenger(parseObject(request.rawBody), messengerConfig(account).pageId),
  respond: receivedAnswer,
  split: splitForMessenger,
  send: sendToMessenger,
  media,
  profile,
  presence,
  health,
  connect: async (account, http) => {
    const value = { subscribed_fields: subscribedFields.join(',') }
    await askGraph(messengerAccess(account), http, 'POST', `${messengerConfig(account).pageId}/subscribed_apps`, { type: 'json', value })
  },
  disconnect: async (account, http) => {
    await askGraph(messengerAccess(account), http, 'DELETE', `${messengerConfig(account).pageId}/subscribed_apps`)
  },
}

async function media(file: InboundFile, account: ChannelAccount, http: HttpPort): Promise<MediaStream> {
  if (file.source.by !== 'url') throw new MediaError('gone', 'Messenger files are known by address')
  const allowed = (url: string) => isAllowedMediaUrl(url, mediaHosts, messengerConfig(account))
  if (!allowed(file.source.url)) throw new MediaError('refused_host', 'The file is on a server that is not Facebook’s')
  const fetched = await fetchMedia(http, { url: file.source.url, headers: {}, follow: allowed })
  return { stream: fetched.stream, size: fetched.size, type: file.type ?? fetched.type, name: file.name }
}

/** Null when the app may not see this customer's profile. */
async function profile(identity: IdentityRef, account: ChannelAccount, http: HttpPort): Promise<Profile | null> {
  if (identity.namespace !== messengerNamespace(messengerConfig(account).pageId)) return null
  let person: Json
  try {
    const path = `${encodeURIComponent(identity.externalId)}?fields=first_name,last_name,profile_pic`
    person = await askGraph(messengerAccess(account), http, 'GET', path)
  } catch (error) {
    // Without the permission, or for customers who hide it, Meta answers an error: they stay without a name.
    if (error instanceof ProviderCallError && !error.failure.retry) return null
    throw error
  }
  const name = [text(person.first_name), text(person.last_name)].filter((part) => part !== null).join(' ')
  const url = text(person.profile_pic)
  return {
    name: name === '' ? null : name,
    language: text(person.locale)?.replace('_', '-') ?? null,
    phone: null,
    picture: url === null ? null : { source: { by: 'url', url }, kind: 'image', name: null, type: null, size: null, sha256: null },
  }
}

async function presence(what: Presence, to: Recipient, account: ChannelAccount, http: HttpPort): Promise<void> {
  const { pageId } = messengerConfig(account)
  const identity = to.identities.find((candidate) => candidate.namespace === messengerNamespace(pageId))
  if (!identity) return
  const value = { recipient: { id: identity.externalId }, sender_action: what.kind === 'read' ? 'mark_seen' : 'typing_on' }
  await askGraph(messengerAccess(account), http, 'POST', `${pageId}/messages`, { type: 'json', value })
}

async function health(account: ChannelAccount, http: HttpPort): Promise<Health> {
  const { pageId } = messengerConfig(account)
  const checks: HealthCheck[] = []
  try {
    const page = await askGraph(messengerAccess(account), http, 'GET', `${pageId}?fields=name`)
    checks.push({ name: 'token', ok: true, detail: `Page ${text(page.name) ?? pageId}` })
    checks.push(subscriptionCheck(await askGraph(messengerAccess(account), http, 'GET', `${pageId}/subscribed_apps`)))
  } catch (error) {
    if (!(error instanceof ProviderCallError)) throw error
    checks.push({ name: checks.length === 0 ? 'token' : 'webhook', ok: false, detail: error.message })
  }
  return { ok: checks.every((check) => check.ok), checks }
}

/** Meta unsubscribes an app whose webhook failed for an hour; it stays so until somebody subscribes it again. */
function subscriptionCheck(answer: Json): HealthCheck {
  const fields = objects(answer.data).flatMap((app) => (Array.isArray(app.subscribed_fields) ? app.subscribed_fields.map(String) : []))
  const missing = subscribedFields.filter((field) => !fields.includes(field))
  if (!fields.includes('messages'))
    return { name: 'webhook', ok: false, detail: 'The app is not subscribed to the page: connect the channel again' }
  if (missing.length > 0) return { name: 'webhook', ok: false, detail: `Not subscribed to ${missing.join(', ')}` }
  return { name: 'webhook', ok: true, detail: 'Subscribed' }
}
