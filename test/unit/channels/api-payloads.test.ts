/** Every api_* file of test/payloads: answers go through `send`, requests are what the adapters really write. */
import { Readable } from 'node:stream'
import t, { type Test } from 'tap'
import type { ChannelAccount, Recipient, SendResult } from '../../../src/modules/channels/adapters/adapter.ts'
import { createHttp } from '../../../src/modules/channels/adapters/http.ts'
import { adapterFor } from '../../../src/modules/channels/adapters/index.ts'
import { startGraphEmulator } from '../../helpers/providers/graph-emulator.ts'
import { startTelegramEmulator } from '../../helpers/providers/telegram-emulator.ts'
import { startTwilioEmulator } from '../../helpers/providers/twilio-emulator.ts'
import { account, bytesOf, customers, filePart, jsonPayload, outboundFile, payload, payloadFiles, textPart } from './fixtures.ts'

const http = createHttp()
const telegram = await startTelegramEmulator()
const graph = await startGraphEmulator()
const twilio = await startTwilioEmulator({ accountSid: 'AC4c122831efef10ac68b5223dccd6f614' })
t.teardown(() => Promise.all([http.close(), telegram.close(), graph.close(), twilio.close()]))

const accounts = {
  telegram: account('telegram', { token: telegram.token, apiBaseUrl: telegram.origin }),
  whatsapp: account('whatsapp', { accessToken: graph.token, apiBaseUrl: graph.origin }),
  messenger: account('messenger', { pageAccessToken: graph.token, apiBaseUrl: graph.origin }),
  sms: account('sms', { authToken: twilio.authToken, apiBaseUrl: twilio.origin }),
}
type Kind = keyof typeof accounts

const script = {
  telegram: (fault: Parameters<typeof telegram.faults.next>[1]) => telegram.faults.next('sendMessage', fault),
  whatsapp: (fault: Parameters<typeof telegram.faults.next>[1]) => graph.faults.next('messages', fault),
  messenger: (fault: Parameters<typeof telegram.faults.next>[1]) => graph.faults.next('messages', fault),
  sms: (fault: Parameters<typeof telegram.faults.next>[1]) => twilio.faults.next('create', fault),
}

function send(
  kind: Kind,
  part = textPart('hello'),
  to: Recipient = customers[kind],
  as: ChannelAccount = accounts[kind],
): Promise<SendResult> {
  return adapterFor(kind).send(part, to, '01JD8Q2W6T9Y', as, http)
}

/** What a send comes to when the provider answers with this file. */
function answered(kind: Kind, status: number, name: string): Promise<SendResult> {
  script[kind]({ kind: 'answer', status, body: jsonPayload(name) })
  return send(kind)
}

const retryRate = { ok: false, retry: true, category: 'rate_limited', uncertain: false }
const noRetry = { ok: false, retry: false, uncertain: false }

const answers: Array<[name: string, kind: Kind, status: number, expected: Record<string, unknown>]> = [
  [
    'telegram/api_send_text_response.json',
    'telegram',
    200,
    { ok: true, externalIds: ['6012345678:121'], providerAt: new Date(1795341100_000), status: 'sent' },
  ],
  ['telegram/api_send_document_response.json', 'telegram', 200, { ok: true, externalIds: ['6012345678:122'] }],
  ['telegram/api_error_429.json', 'telegram', 429, { ...retryRate, retryAfterMs: 14_000, scope: 'channel', code: 'telegram.429' }],
  ['telegram/api_error_400_chat_not_found.json', 'telegram', 400, { ...noRetry, category: 'unreachable', scope: 'recipient' }],
  ['telegram/api_error_400_file_too_big.json', 'telegram', 400, { ...noRetry, category: 'content', scope: 'message' }],
  ['telegram/api_error_400_too_long.json', 'telegram', 400, { ...noRetry, category: 'content', scope: 'message', code: 'telegram.400' }],
  ['telegram/api_error_401.json', 'telegram', 401, { ...noRetry, category: 'account', scope: 'channel' }],
  [
    'telegram/api_error_403_blocked.json',
    'telegram',
    403,
    { ...noRetry, category: 'unreachable', reason: 'The customer has blocked the bot' },
  ],
  ['telegram/api_error_403_cannot_initiate.json', 'telegram', 403, { ...noRetry, category: 'unreachable', scope: 'recipient' }],
  ['telegram/api_error_403_deactivated.json', 'telegram', 403, { ...noRetry, category: 'unreachable', scope: 'recipient' }],
  ['telegram/api_error_409_webhook_conflict.json', 'telegram', 409, { ...noRetry, category: 'account', scope: 'channel' }],
  [
    'whatsapp/api_send_response.json',
    'whatsapp',
    200,
    { ok: true, externalIds: ['wamid.HBgMNDkxNTEyMzQ1Njc4FQIAERgSZ3YSgofvLLjq15go5Q=='], status: 'sent' },
  ],
  [
    'whatsapp/api_send_response_bsuid.json',
    'whatsapp',
    200,
    { ok: true, externalIds: ['wamid.HBgMNDkxNTEyMzQ1Njc4FQIAERgSghYW4OagStBgHWLsKw=='] },
  ],
  [
    'whatsapp/api_send_template_response.json',
    'whatsapp',
    200,
    { ok: true, externalIds: ['wamid.HBgMNDkxNTEyMzQ1Njc4FQIAERgSTg2rnG5KjfzIKSFHlg=='] },
  ],
  ['whatsapp/api_error_130429.json', 'whatsapp', 400, { ...retryRate, scope: 'channel', code: 'whatsapp.130429' }],
  ['whatsapp/api_error_131056.json', 'whatsapp', 400, { ...retryRate, scope: 'recipient', retryAfterMs: 6_000 }],
  ['whatsapp/api_error_131000.json', 'whatsapp', 500, { ok: false, retry: true, category: 'temporary', maxAttempts: 4 }],
  ['whatsapp/api_error_131009.json', 'whatsapp', 400, { ...noRetry, category: 'content', reason: /at most 4096/ }],
  ['whatsapp/api_error_131047.json', 'whatsapp', 400, { ...noRetry, category: 'window_closed', scope: 'recipient' }],
  ['whatsapp/api_error_190.json', 'whatsapp', 401, { ...noRetry, category: 'account', scope: 'channel' }],
  [
    'messenger/api_send_response.json',
    'messenger',
    200,
    { ok: true, externalIds: [jsonPayload('messenger/api_send_response.json').message_id], status: 'sent' },
  ],
  [
    'messenger/api_send_attachment_response.json',
    'messenger',
    200,
    { ok: true, externalIds: [jsonPayload('messenger/api_send_attachment_response.json').message_id] },
  ],
  ['messenger/api_error_100_2018001.json', 'messenger', 400, { ...noRetry, category: 'unreachable', code: 'messenger.100/2018001' }],
  ['messenger/api_error_100_2018047.json', 'messenger', 400, { ...noRetry, category: 'content', scope: 'message' }],
  ['messenger/api_error_10_2018278.json', 'messenger', 403, { ...noRetry, category: 'window_closed' }],
  ['messenger/api_error_1200.json', 'messenger', 400, { ok: false, retry: true, category: 'temporary' }],
  ['messenger/api_error_190.json', 'messenger', 401, { ...noRetry, category: 'account', scope: 'channel' }],
  ['messenger/api_error_4_transient.json', 'messenger', 400, { ...retryRate, scope: 'channel' }],
  ['messenger/api_error_551_1545041.json', 'messenger', 400, { ...noRetry, category: 'unreachable', scope: 'recipient' }],
  ['messenger/api_error_613.json', 'messenger', 400, retryRate],
  [
    'twilio/api_send_response_201.json',
    'sms',
    201,
    { ok: true, externalIds: ['SMf1584b995a4770986ad75bb8d29e9734'], status: 'sent', providerAt: new Date('2026-11-23T04:05:00Z') },
  ],
  [
    'twilio/api_send_response_201_messaging_service.json',
    'sms',
    201,
    { ok: true, externalIds: ['SM5e7494662ea04ad8e731cc25c6140eb6'], status: 'sent' },
  ],
  [
    'twilio/api_fetch_message_delivered.json',
    'sms',
    200,
    { ok: true, externalIds: ['SMf1584b995a4770986ad75bb8d29e9734'], status: 'delivered' },
  ],
  ['twilio/api_error_400_21211.json', 'sms', 400, { ...noRetry, category: 'unreachable', scope: 'recipient' }],
  ['twilio/api_error_400_21610.json', 'sms', 400, { ...noRetry, category: 'opted_out', scope: 'recipient' }],
  ['twilio/api_error_400_21614.json', 'sms', 400, { ...noRetry, category: 'unreachable' }],
  ['twilio/api_error_400_21617.json', 'sms', 400, { ...noRetry, category: 'content', scope: 'message' }],
  ['twilio/api_error_401_20003.json', 'sms', 401, { ...noRetry, category: 'account', scope: 'channel' }],
  ['twilio/api_error_429_20429.json', 'sms', 429, { ...retryRate, scope: 'channel', code: 'twilio.20429' }],
  ['twilio/api_error_500_20500.json', 'sms', 500, { ok: false, retry: true, category: 'temporary' }],
]

for (const [name, kind, status, expected] of answers) {
  t.test(name, async (t) => {
    t.match(await answered(kind, status, name), expected)
  })
}

/** The rest: requests the adapters write, answers to other calls than `send`, and requests only the emulators take. */
const others: Record<string, (t: Test) => Promise<void>> = {
  'telegram/api_error_400_migrated.json': async (t) => {
    script.telegram({ kind: 'answer', status: 400, body: jsonPayload('telegram/api_error_400_migrated.json') })
    const group = { identities: [{ namespace: 'telegram', externalId: '-5501' }] }
    const result = await send('telegram', textPart('hello'), group)
    t.match(result, { ok: true, externalIds: [/^-1002200334455:\d+$/], movedTo: { namespace: 'telegram', externalId: '-1002200334455' } })
    t.equal(telegram.sent.at(-1)?.chat.id, -1002200334455, 'sent once more, to the new id')
  },
  'telegram/api_send_text_request.json': async (t) => {
    await send('telegram', textPart('Ваше замовлення в дорозі.', '6012345678:101'))
    t.same(telegram.callsOf('sendMessage').at(-1)?.params, jsonPayload('telegram/api_send_text_request.json'))
  },
  'telegram/api_set_webhook_request.json': async (t) => {
    const expected = jsonPayload('telegram/api_set_webhook_request.json')
    await adapterFor('telegram').connect?.({ ...accounts.telegram, id: 'tg-main' }, http)
    const { params } = telegram.callsOf('setWebhook').at(-1) ?? {}
    t.same(params, { ...expected, allowed_updates: [...(expected.allowed_updates as string[]), 'message_reaction'] })
  },
  'telegram/api_get_file_response.json': async (t) => {
    telegram.addFile(Buffer.from('%PDF'), 'documents/file_17.pdf')
    telegram.faults.next('getFile', { kind: 'answer', status: 200, body: jsonPayload('telegram/api_get_file_response.json') })
    const file = {
      source: { by: 'id' as const, id: 'BQAC' },
      kind: 'document' as const,
      name: null,
      type: 'application/pdf',
      size: 84213,
      sha256: null,
    }
    const media = await adapterFor('telegram').media(file, accounts.telegram, http)
    t.match(media, { name: 'file_17.pdf', type: 'application/pdf', size: 4 })
    t.equal((await bytesOf(media.stream)).toString(), '%PDF')
  },
  'telegram/api_get_user_profile_photos_response.json': async (t) => {
    telegram.faults.next('getUserProfilePhotos', {
      kind: 'answer',
      status: 200,
      body: jsonPayload('telegram/api_get_user_profile_photos_response.json'),
    })
    const profile = await adapterFor('telegram').profile?.(customers.telegram.identities[0], accounts.telegram, http)
    const largest = { by: 'id', id: 'AgACAgIAAxkBAAIYF-l4-ufnPo0QWafhRIE8bdcsawi0991m27W6Ba5iJZP1i60ARkm8pR6lRnv' }
    t.match(profile, { picture: { source: largest, kind: 'image', size: 51234 } })
  },
  'whatsapp/api_send_text_request.json': async (t) => {
    const expected = jsonPayload('whatsapp/api_send_text_request.json')
    const { message_id } = expected.context as { message_id: string }
    await send('whatsapp', textPart('Ihre Bestellung ist unterwegs.', message_id))
    t.same(graph.calls.at(-1)?.body, expected)
  },
  'whatsapp/api_send_text_bsuid_request.json': async (t) => {
    const expected = jsonPayload('whatsapp/api_send_text_bsuid_request.json')
    await send('whatsapp', textPart('Con gusto le ayudo.'), {
      identities: [{ namespace: 'whatsapp', externalId: 'MX.55018827364509117263' }],
    })
    t.match(graph.calls.at(-1)?.body, expected)
    t.equal(graph.calls.at(-1)?.body.to, undefined, 'no number beside the user id')
  },
  'whatsapp/api_send_image_id_request.json': async (t) => {
    graph.addMedia(Buffer.from('x'), 'image/png')
    await send('whatsapp', filePart(outboundFile('a.png', 'image/png'), 'Bild'))
    const { biz_opaque_callback_data: tag, ...body } = graph.calls.at(-1)?.body ?? {}
    const expected = jsonPayload('whatsapp/api_send_image_id_request.json')
    const uploaded = (body.image as { id: string }).id
    t.same(body, { ...expected, image: { ...(expected.image as object), id: uploaded } })
    t.equal(tag, 'msg:01JD8Q2W6T9Y')
  },
  'whatsapp/api_media_upload_response.json': async (t) => {
    graph.faults.next('media', { kind: 'answer', status: 200, body: jsonPayload('whatsapp/api_media_upload_response.json') })
    graph.faults.next('messages', { kind: 'answer', status: 200, body: jsonPayload('whatsapp/api_send_response.json') })
    t.match(await send('whatsapp', filePart(outboundFile('a.pdf', 'application/pdf'))), { ok: true })
    t.match(graph.calls.at(-1)?.body, { type: 'document', document: { id: '1037543299900001', filename: 'a.pdf' } })
  },
  'whatsapp/api_media_get_response.json': async (t) => {
    graph.faults.next('media', { kind: 'answer', status: 200, body: jsonPayload('whatsapp/api_media_get_response.json') })
    const file = {
      source: { by: 'id' as const, id: '1180392746650011' },
      kind: 'image' as const,
      name: null,
      type: 'image/jpeg',
      size: null,
      sha256: null,
    }
    const reached = await adapterFor('whatsapp').media(file, accounts.whatsapp, offline('lookaside.fbsbx.com'))
    t.match(reached, { type: 'image/jpeg', size: 303833 })
    reached.stream.destroy()
  },
  'whatsapp/api_mark_read_request.json': async (t) => {
    const expected = jsonPayload('whatsapp/api_mark_read_request.json')
    const lastMessageId = String(expected.message_id)
    await adapterFor('whatsapp').presence?.({ kind: 'typing', lastMessageId }, customers.whatsapp, accounts.whatsapp, http)
    t.same(graph.calls.at(-1)?.body, expected)
  },
  'whatsapp/api_send_document_link_request.json': (t) => taken(t, graph.phoneNumberId, 'whatsapp/api_send_document_link_request.json'),
  'whatsapp/api_send_template_request.json': (t) => taken(t, graph.phoneNumberId, 'whatsapp/api_send_template_request.json'),
  'messenger/api_send_text_request.json': async (t) => {
    await send('messenger', textPart('Sí, queda en talla M.'))
    t.same(graph.calls.at(-1)?.body, jsonPayload('messenger/api_send_text_request.json'))
  },
  'messenger/api_send_human_agent_request.json': async (t) => {
    graph.faults.next('messages', { kind: 'answer', status: 403, body: jsonPayload('messenger/api_error_10_2018278.json') })
    const tagged = { ...accounts.messenger, config: { ...accounts.messenger.config, humanAgentTag: true } }
    t.match(await send('messenger', textPart('Ya revisé su caso.'), customers.messenger, tagged), { ok: true })
    t.match(graph.calls.at(-1)?.body, jsonPayload('messenger/api_send_human_agent_request.json'))
  },
  'messenger/api_send_file_url_request.json': (t) => taken(t, graph.pageId, 'messenger/api_send_file_url_request.json'),
  'messenger/api_attachment_upload_request.json': async (t) => {
    const response = await postGraph(`${graph.pageId}/message_attachments`, payload('messenger/api_attachment_upload_request.json'))
    t.same(Object.keys(await json(response)), Object.keys(jsonPayload('messenger/api_attachment_upload_response.json')))
  },
  'messenger/api_attachment_upload_response.json': async (t) => {
    script.messenger({ kind: 'answer', status: 200, body: jsonPayload('messenger/api_attachment_upload_response.json') })
    t.match(await send('messenger'), { ok: false, retry: false, uncertain: true }, 'an answer without a message id leaves the outcome open')
  },
  'messenger/api_profile_response.json': async (t) => {
    const body = jsonPayload('messenger/api_profile_response.json')
    graph.profiles.set(String(body.id), { first_name: 'x' })
    graph.faults.next('profile', { kind: 'answer', status: 200, body })
    const profile = await adapterFor('messenger').profile?.(customers.messenger.identities[0], accounts.messenger, http)
    t.match(profile, { name: 'Lucía Ramos', picture: { source: { by: 'url', url: body.profile_pic } } })
  },
  'twilio/api_send_request.txt': (t) => wroteForm(t, 'twilio/api_send_request.txt', []),
  'twilio/api_send_mms_request.txt': (t) =>
    wroteForm(t, 'twilio/api_send_mms_request.txt', ['https://files.example.org/o/1.png', 'https://files.example.org/o/2.png']),
}

/** An http that answers calls to this host itself and passes all others on. */
function offline(host: string): typeof http {
  return {
    ...http,
    request: async (request) => {
      if (new URL(request.url).hostname !== host) return http.request(request)
      return { status: 200, headers: { 'content-type': 'image/jpeg' }, body: Readable.from([]) }
    },
  }
}

async function wroteForm(t: Test, name: string, media: string[]): Promise<void> {
  const expected = new URLSearchParams(payload(name).toString().trim())
  const files = media.map((url) => outboundFile(url, 'image/png', 'x', url))
  t.match(await send('sms', { text: expected.get('Body'), files, replyTo: null }), { ok: true })
  const written = new URLSearchParams(twilio.calls.at(-1)?.fields)
  t.equal(written.get('StatusCallback'), 'https://chat.example.org/webhooks/sms/sms-main/status?message=msg%3A01JD8Q2W6T9Y')
  for (const params of [expected, written]) params.delete('StatusCallback')
  t.same([...written], [...expected])
}

function postGraph(path: string, body: Buffer): Promise<Response> {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${graph.token}` }
  return fetch(`${graph.origin}/v25.0/${path}`, { method: 'POST', headers, body: new Uint8Array(body) })
}

async function json(response: Response): Promise<Record<string, unknown>> {
  return (await response.json()) as Record<string, unknown>
}

/** Parley writes no such request; the emulator has to take it all the same. */
async function taken(t: Test, sender: string, name: string): Promise<void> {
  const response = await postGraph(`${sender}/messages`, payload(name))
  t.equal(response.status, 200)
  await response.body?.cancel()
  t.match(graph.sent.at(-1)?.body, jsonPayload(name))
}

for (const [name, check] of Object.entries(others)) t.test(name, check)

t.test('every api file is named here', async (t) => {
  const named = [...answers.map(([name]) => name), ...Object.keys(others)].sort()
  t.same(
    named,
    payloadFiles().filter((name) => name.includes('/api_')),
  )
})
