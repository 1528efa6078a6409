import { apiOrigin, isAllowedMediaUrl, webhookUrl } from '../account.ts'
import {
  type ChannelAccount,
  type ChannelAdapter,
  type Health,
  type HealthCheck,
  type InboundFile,
  MediaError,
  type MediaStream,
  ProviderCallError,
} from '../adapter.ts'
import type { HttpPort } from '../http.ts'
import { str, text } from '../json.ts'
import { fetchMedia } from '../media.ts'
import { SmsConfig, smsConfig, twilioAuthorization, twilioOrigin, twilioUrl } from './sms-config.ts'
import { parseTwilio } from './sms-parse.ts'
import { askTwilio, findSentSms, sendSms, smsLimits, splitForSms } from './sms-send.ts'
import { verifyTwilio } from './sms-signature.ts'

/** Where Twilio's redirects to signed addresses of media lead. */
const mediaHosts = ['twilio.com', 'twiliocdn.com', 'amazonaws.com']

/** SMS and MMS over Twilio (https://www.twilio.com/docs/messaging). */
export const smsAdapter: ChannelAdapter = {
  kind: 'sms',
  configSchema: SmsConfig,
  secretFields: ['authToken'],
  statuses: ['sent', 'delivered', 'read', 'failed'],
  limits: () => smsLimits,
  accountKey: (config) => `${config.accountSid}:${config.messagingServiceSid ?? config.from}`,
  verify: verifyTwilio,
  parse: parseTwilio,
  // Any other text would be sent to the customer as a reply.
  respond: () => ({ status: 200, contentType: 'text/xml', body: '<?xml version="1.0" encoding="UTF-8"?><Response></Response>' }),
  split: splitForSms,
  send: sendSms,
  findSent: findSentSms,
  media,
  health,
}

/** Twilio wants our credentials and redirects to a signed address, which must not get them. */
async function media(file: InboundFile, account: ChannelAccount, http: HttpPort): Promise<MediaStream> {
  if (file.source.by !== 'url') throw new MediaError('gone', 'Twilio files are known by address')
  const config = smsConfig(account)
  const url = atApi(file.source.url, account)
  if (new URL(url).origin !== apiOrigin(config, twilioOrigin))
    throw new MediaError('refused_host', 'The file is on a server that is not Twilio’s')
  const follow = (target: string) => isAllowedMediaUrl(target, mediaHosts, config)
  const fetched = await fetchMedia(http, { url, headers: twilioAuthorization(account), follow })
  return { stream: fetched.stream, size: fetched.size, type: file.type ?? fetched.type, name: file.name }
}

/** An address at api.twilio.com, moved to where the channel's API is. */
function atApi(url: string, account: ChannelAccount): string {
  if (!URL.canParse(url)) throw new MediaError('gone', 'The address of the file is not valid')
  const { origin, pathname, search } = new URL(url)
  return origin === twilioOrigin ? apiOrigin(smsConfig(account), twilioOrigin) + pathname + search : url
}

async function health(account: ChannelAccount, http: HttpPort): Promise<Health> {
  const checks: HealthCheck[] = []
  try {
    const found = await askTwilio(account, http, twilioUrl(account, '.json'))
    const status = str(found.status) ?? 'unknown'
    checks.push({ name: 'token', ok: status === 'active', detail: `Account ${text(found.friendly_name) ?? ''} is ${status}` })
  } catch (error) {
    if (!(error instanceof ProviderCallError)) throw error
    checks.push({ name: 'token', ok: false, detail: error.message })
  }
  const url = webhookUrl(account)
  const detail =
    url === null ? 'Set PARLEY_PUBLIC_URL: signatures cannot be checked without it' : `Enter ${url} as the webhook of the number`
  checks.push({ name: 'webhook', ok: url !== null, detail })
  return { ok: checks.every((check) => check.ok), checks }
}
