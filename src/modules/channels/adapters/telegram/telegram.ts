import { webhookUrl } from '../account.ts'
import {
  type ChannelAccount,
  type ChannelAdapter,
  type Health,
  type HealthCheck,
  type InboundFile,
  MediaError,
  type MediaStream,
  type Presence,
  type Profile,
  ProviderCallError,
  type Recipient,
  type Verification,
  type WebhookRequest,
} from '../adapter.ts'
import { failure } from '../failure.ts'
import { type HttpPort, header } from '../http.ts'
import { id, num, obj, objects, parseObject, str, text } from '../json.ts'
import { MiB } from '../limits.ts'
import { fetchMedia } from '../media.ts'
import { equalSecrets } from '../secrets.ts'
import { askTelegram } from './telegram-call.ts'
import { fileUrl, secretTokenOf, TelegramConfig } from './telegram-config.ts'
import { parseUpdate } from './telegram-parse.ts'
import { maxCaption, maxText, sendToTelegram, splitForTelegram } from './telegram-send.ts'

const allowedUpdates = ['message', 'edited_message', 'callback_query', 'my_chat_member', 'message_reaction']

/** Telegram bots over the Bot API 10.1 (https://core.telegram.org/bots/api). */
export const telegramAdapter: ChannelAdapter = {
  kind: 'telegram',
  configSchema: TelegramConfig,
  secretFields: ['token', 'secretToken'],
  // The Bot API tells neither delivery nor reading.
  statuses: ['sent', 'failed'],
  limits: () => ({
    maxTextLength: maxText,
    maxCaptionLength: maxCaption,
    maxFilesPerMessage: 10,
    filesPerProviderMessage: 10,
    fileTypes: [{ type: '*/*', maxBytes: 50 * MiB }],
    maxTotalBytes: null,
    replyWindowHours: null,
  }),
  accountKey: (config) => String(config.token).split(':')[0] ?? '',
  verify,
  parse: (request) => parseUpdate(parseObject(request.rawBody)),
  respond: () => ({ status: 200, contentType: 'application/json', body: '{}' }),
  split: splitForTelegram,
  send: (part, to, _correlationId, account, http) => sendToTelegram(part, to, account, http),
  media,
  profile,
  acknowledge: async (token, account, http) => {
    await askTelegram(account, http, 'answerCallbackQuery', { callback_query_id: token })
  },
  presence,
  health,
  connect,
  disconnect: async (account, http) => {
    await askTelegram(account, http, 'deleteWebhook')
  },
}

function verify(request: WebhookRequest, account: ChannelAccount): Verification {
  const given = header(request.headers, 'x-telegram-bot-api-secret-token')
  if (given === null) return { ok: false, status: 401, reason: 'The secret token is missing' }
  if (!equalSecrets(given, secretTokenOf(account))) return { ok: false, status: 403, reason: 'The secret token is wrong' }
  return { ok: true }
}

async function media(file: InboundFile, account: ChannelAccount, http: HttpPort): Promise<MediaStream> {
  if (file.source.by !== 'id') throw new MediaError('gone', 'Telegram files are known by id')
  const path = await filePath(file.source.id, account, http)
  const fetched = await fetchMedia(http, { url: fileUrl(account, path), headers: {} })
  // Telegram serves every file as application/octet-stream: the type of the message is the better one.
  return { stream: fetched.stream, size: fetched.size ?? file.size, type: file.type, name: file.name ?? path.split('/').at(-1) ?? null }
}

async function filePath(fileId: string, account: ChannelAccount, http: HttpPort): Promise<string> {
  try {
    const result = obj(await askTelegram(account, http, 'getFile', { file_id: fileId }))
    const path = str(result?.file_path)
    if (path === null) throw new MediaError('temporary', 'Telegram gave no path for the file')
    return path
  } catch (error) {
    if (!(error instanceof ProviderCallError)) throw error
    const { failure: refusal } = error
    if (/file is too big/i.test(refusal.reason))
      throw new MediaError('too_large', 'Telegram gives bots files up to 20 MB', { cause: error })
    if (refusal.retry) throw new MediaError('temporary', refusal.reason, { cause: error })
    throw new MediaError(refusal.category === 'account' ? 'unauthorized' : 'gone', refusal.reason, { cause: error })
  }
}

async function profile(
  identity: { namespace: string; externalId: string },
  account: ChannelAccount,
  http: HttpPort,
): Promise<Profile | null> {
  const userId = Number(identity.externalId)
  // Groups have negative ids and no profile photos.
  if (identity.namespace !== 'telegram' || !(userId > 0)) return null
  const result = obj(await askTelegram(account, http, 'getUserProfilePhotos', { user_id: userId, limit: 1 }))
  const sizes = Array.isArray(result?.photos) ? objects(result.photos[0]) : []
  const photo = sizes.at(-1)
  const fileId = str(photo?.file_id)
  const picture: InboundFile | null =
    fileId === null
      ? null
      : { source: { by: 'id', id: fileId }, kind: 'image', name: null, type: 'image/jpeg', size: num(photo?.file_size), sha256: null }
  return { name: null, language: null, phone: null, picture }
}

async function presence(what: Presence, to: Recipient, account: ChannelAccount, http: HttpPort): Promise<void> {
  const identity = to.identities.find((candidate) => candidate.namespace === 'telegram')
  // Bots cannot mark messages of private chats as read.
  if (what.kind !== 'typing' || !identity) return
  await askTelegram(account, http, 'sendChatAction', { chat_id: identity.externalId, action: 'typing' })
}

async function connect(account: ChannelAccount, http: HttpPort): Promise<void> {
  const url = webhookUrl(account)
  if (url === null) {
    const reason = 'Telegram needs a public address: set PARLEY_PUBLIC_URL'
    throw new ProviderCallError(failure({ category: 'account', code: 'telegram.no_public_url', reason }))
  }
  await askTelegram(account, http, 'setWebhook', {
    url,
    secret_token: secretTokenOf(account),
    max_connections: 40,
    allowed_updates: allowedUpdates,
  })
}

async function health(account: ChannelAccount, http: HttpPort): Promise<Health> {
  const checks: HealthCheck[] = []
  try {
    const me = obj(await askTelegram(account, http, 'getMe'))
    checks.push({ name: 'token', ok: true, detail: `Bot @${text(me?.username) ?? id(me?.id)}` })
    checks.push(webhookCheck(obj(await askTelegram(account, http, 'getWebhookInfo')) ?? {}, webhookUrl(account)))
  } catch (error) {
    if (!(error instanceof ProviderCallError)) throw error
    checks.push({ name: checks.length === 0 ? 'token' : 'webhook', ok: false, detail: error.message })
  }
  return { ok: checks.every((check) => check.ok), checks }
}

function webhookCheck(info: Record<string, unknown>, expected: string | null): HealthCheck {
  const url = text(info.url)
  const lastError = text(info.last_error_message)
  const pending = num(info.pending_update_count) ?? 0
  if (url === null) return { name: 'webhook', ok: false, detail: 'No webhook is registered' }
  if (expected === null) return { name: 'webhook', ok: false, detail: `Registered at ${url}, but PARLEY_PUBLIC_URL is not set` }
  if (url !== expected) return { name: 'webhook', ok: false, detail: `Registered at ${url} instead of ${expected}` }
  if (lastError !== null && pending > 0) return { name: 'webhook', ok: false, detail: `${pending} updates wait; last error: ${lastError}` }
  return { name: 'webhook', ok: true, detail: lastError === null ? 'Registered' : `Registered; earlier error: ${lastError}` }
}
