import { isAllowedMediaUrl } from '../account.ts'
import {
  type ChannelAccount,
  type ChannelAdapter,
  type Health,
  type InboundFile,
  MediaError,
  type MediaStream,
  type Presence,
  ProviderCallError,
  type Recipient,
} from '../adapter.ts'
import type { HttpPort } from '../http.ts'
import { num, parseObject, text } from '../json.ts'
import { fetchMedia } from '../media.ts'
import { askGraph, bearer } from '../meta/graph.ts'
import { graphMediaError } from '../meta/graph-media.ts'
import { answerHandshake, receivedAnswer, verifyMeta } from '../meta/meta-webhook.ts'
import { WhatsappConfig, whatsappAccess, whatsappConfig } from './whatsapp-config.ts'
import { parseWhatsapp } from './whatsapp-parse.ts'
import { sendToWhatsapp, splitForWhatsapp, whatsappLimits } from './whatsapp-send.ts'

/** Hosts that get the access token: WhatsApp's media lives there. */
const mediaHosts = ['fbsbx.com', 'fbcdn.net', 'facebook.com', 'whatsapp.net']

/** WhatsApp Cloud API (https://developers.facebook.com/documentation/business-messaging/whatsapp). */
export const whatsappAdapter: ChannelAdapter = {
  kind: 'whatsapp',
  configSchema: WhatsappConfig,
  secretFields: ['accessToken', 'appSecret', 'verifyToken'],
  statuses: ['sent', 'delivered', 'read', 'failed'],
  limits: () => whatsappLimits,
  accountKey: (config) => String(config.phoneNumberId),
  verify: (request, account) => verifyMeta(request, whatsappConfig(account).appSecret),
  handshake: (query, account) => answerHandshake(query, whatsappConfig(account).verifyToken),
  parse: (request, account) => parseWhatsapp(parseObject(request.rawBody), whatsappConfig(account).phoneNumberId),
  respond: receivedAnswer,
  split: splitForWhatsapp,
  send: sendToWhatsapp,
  media,
  presence,
  health,
}

/** Two steps: the id gives an address for five minutes, the address gives the bytes; both want the token. */
async function media(file: InboundFile, account: ChannelAccount, http: HttpPort): Promise<MediaStream> {
  if (file.source.by !== 'id') throw new MediaError('gone', 'WhatsApp files are known by id')
  const config = whatsappConfig(account)
  const path = `${encodeURIComponent(file.source.id)}?phone_number_id=${config.phoneNumberId}`
  const found = await askGraph(whatsappAccess(account), http, 'GET', path).catch((error: unknown) => {
    throw graphMediaError(error)
  })
  const url = text(found.url) ?? ''
  if (!isAllowedMediaUrl(url, mediaHosts, config)) throw new MediaError('refused_host', 'The file is on a server that is not WhatsApp’s')
  const fetched = await fetchMedia(http, { url, headers: bearer(config.accessToken) })
  return {
    stream: fetched.stream,
    size: fetched.size ?? num(found.file_size) ?? file.size,
    type: text(found.mime_type) ?? file.type ?? fetched.type,
    name: file.name,
  }
}

async function presence(what: Presence, _to: Recipient, account: ChannelAccount, http: HttpPort): Promise<void> {
  const messageId = what.kind === 'read' ? what.externalId : what.lastMessageId
  if (messageId === null) return
  await askGraph(whatsappAccess(account), http, 'POST', `${whatsappConfig(account).phoneNumberId}/messages`, {
    type: 'json',
    value: {
      messaging_product: 'whatsapp',
      status: 'read',
      message_id: messageId,
      ...(what.kind === 'typing' ? { typing_indicator: { type: 'text' } } : {}),
    },
  })
}

async function health(account: ChannelAccount, http: HttpPort): Promise<Health> {
  const fields = 'display_phone_number,verified_name,quality_rating'
  try {
    const number = await askGraph(whatsappAccess(account), http, 'GET', `${whatsappConfig(account).phoneNumberId}?fields=${fields}`)
    const quality = text(number.quality_rating)
    const name = [text(number.verified_name), text(number.display_phone_number)].filter((part) => part !== null).join(' ')
    const detail = quality === null ? name : `${name}, quality ${quality.toLowerCase()}`
    return { ok: true, checks: [{ name: 'token', ok: true, detail }] }
  } catch (error) {
    if (!(error instanceof ProviderCallError)) throw error
    return { ok: false, checks: [{ name: 'token', ok: false, detail: error.message }] }
  }
}
