import t from 'tap'
import type { Channel, Message } from '../../../src/contracts/index.ts'
import type { TestAgent, TestParley } from '../../helpers/parley.ts'
import { startGraphEmulator } from '../../helpers/providers/graph-emulator.ts'
import { startTelegramEmulator } from '../../helpers/providers/telegram-emulator.ts'
import { startTwilioEmulator } from '../../helpers/providers/twilio-emulator.ts'
import { account, appSecret, payload, payloadFiles } from '../../unit/channels/fixtures.ts'
import { webhookCases } from '../../unit/channels/webhook-cases.ts'
import { acceptedChat, addChannel, hook, message, publicUrl, startListening, systemLines, type WithTeardown } from './support.ts'

/** A channel whose config fits the payload files, with a customer who has written and an agent who answers. */
interface Desk {
  parley: TestParley
  channel: Channel
  agent: TestAgent
  chatId: string
  post(file: string): Promise<number>
}

type Test = typeof t
type Effect = (t: Test, desk: Desk, file: string) => Promise<void>

type Sign = (body: Buffer, url: string) => Record<string, string>

async function openDesk(t: WithTeardown, kind: 'telegram' | 'whatsapp' | 'messenger' | 'sms', first: string, name: string): Promise<Desk> {
  const parley = await startListening(t)
  const { config } = account(kind)
  const { origin, sign } = await provider(t, kind, config)
  const channel = await addChannel(parley, kind, { ...config, apiBaseUrl: origin })
  const url = hook(parley, channel)
  const post = async (file: string): Promise<number> => {
    const body = payload(file)
    return (await fetch(url, { method: 'POST', headers: sign(body, `${publicUrl}${new URL(url).pathname}`), body: new Uint8Array(body) }))
      .status
  }
  const status = await post(first)
  if (status !== 200) throw new Error(`${first} answered ${status}`)
  return { parley, channel, post, ...(await acceptedChat(parley, name)) }
}

async function provider(t: WithTeardown, kind: string, config: Record<string, unknown>): Promise<{ origin: string; sign: Sign }> {
  if (kind === 'telegram') {
    const emulator = await startTelegramEmulator(String(config.token))
    t.teardown(() => emulator.close())
    return {
      origin: emulator.origin,
      sign: () => ({ 'content-type': 'application/json', 'x-telegram-bot-api-secret-token': String(config.secretToken) }),
    }
  }
  if (kind === 'sms') {
    const emulator = await startTwilioEmulator({ accountSid: String(config.accountSid), authToken: String(config.authToken) })
    t.teardown(() => emulator.close())
    const type = 'application/x-www-form-urlencoded; charset=UTF-8'
    const signature = (body: Buffer, url: string) => emulator.signature(url, [...new URLSearchParams(body.toString('utf8'))])
    return { origin: emulator.origin, sign: (body, url) => ({ 'content-type': type, 'x-twilio-signature': signature(body, url) }) }
  }
  const emulator = await startGraphEmulator({ token: 'EAAexample', appSecret })
  t.teardown(() => emulator.close())
  const sign: Sign = (body) => ({ 'content-type': 'application/json', 'x-hub-signature-256': emulator.signature(body.toString('utf8')) })
  return { origin: emulator.origin, sign }
}

const shown = (desk: Desk): Promise<Message[]> =>
  desk.agent.ok<{ items: Message[] }>('GET', `/api/chats/${desk.chatId}/messages?limit=200`).then(({ items }) => items)

/** A reply whose provider id and time are those of the payload files. */
async function replyKnownAs(desk: Desk, externalId: string, providerAt = new Date(1_795_340_400_123)): Promise<Message> {
  const { db } = desk.parley.container.database
  const known = db.selectFrom('provider_messages').select('message_id').where('external_id', '=', externalId)
  const before = await known.executeTakeFirst()
  if (before)
    await db
      .updateTable('provider_messages')
      .set({ external_id: `${externalId} of ${before.message_id}` })
      .where('external_id', '=', externalId)
      .execute()
  const reply = await desk.agent.reply(desk.chatId, `reply ${externalId.slice(-12)}`)
  await message(desk.agent, desk.chatId, reply.id, 'sent')
  await db
    .updateTable('provider_messages')
    .set({ external_id: externalId, provider_at: providerAt })
    .where('message_id', '=', reply.id)
    .execute()
  return reply
}

const eventOf = (file: string, index = 0): Record<string, unknown> => {
  const event = webhookCases[file]?.[index]
  if (!event) throw new Error(`${file} is no known case`)
  return event
}

/** Stored once, readable, with its files; a second copy changes nothing. */
const storedOnce: Effect = async (t, desk, file) => {
  const { externalId, text, files } = eventOf(file)
  for (const copy of [1, 2]) {
    t.equal(await desk.post(file), 200, `copy ${copy}`)
    const rows = await desk.parley.container.database.db
      .selectFrom('messages')
      .selectAll()
      .where('channel_id', '=', desk.channel.id)
      .where('external_id', '=', String(externalId))
      .execute()
    t.equal(rows.length, 1)
    if (text !== undefined) t.equal(rows[0]?.text, text)
    const stored = await desk.agent.ok<{ items: Message[] }>('GET', `/api/chats/${rows[0]?.chat_id}/messages?limit=200`)
    const found = stored.items.find(({ id }) => id === rows[0]?.id)
    t.equal(found?.files.length, Array.isArray(files) ? files.length : 0, 'its files are there')
    t.equal(found?.direction, 'incoming')
  }
}

/** The status of the reply it is about; the same again, and what is older, changes nothing. */
const movesTo =
  (status: string, reason?: RegExp): Effect =>
  async (t, desk, file) => {
    const target = eventOf(file).target as { externalId: string }
    const reply = await replyKnownAs(desk, target.externalId)
    for (const copy of [1, 2]) t.equal(await desk.post(file), 200, `copy ${copy}`)
    const found = (await shown(desk)).find(({ id }) => id === reply.id)
    t.equal(found?.status, status)
    if (reason) t.match(found?.failureReason, reason)
  }

/** One more line of Parley's own in the chat, however many copies come. */
const addsLine =
  (line: RegExp): Effect =>
  async (t, desk, file) => {
    const before = (await systemLines(desk.parley, desk.chatId)).length
    for (const copy of [1, 2]) t.equal(await desk.post(file), 200, `copy ${copy}`)
    const added = (await systemLines(desk.parley, desk.chatId)).slice(before)
    t.equal(added.length, 1)
    t.match(added[0], line)
  }

const nothing: Effect = async (t, desk, file) => {
  const before = await shown(desk)
  t.equal(await desk.post(file), 200)
  t.strictSame(await shown(desk), before)
}

/** Acknowledged, without effect on any message, and kept for a look at it. */
const kept: Effect = async (t, desk, file) => {
  await nothing(t, desk, file)
  const rows = await desk.parley.container.database.db.selectFrom('unhandled_webhooks').select('body').execute()
  t.ok(rows.some(({ body }) => body === payload(file).toString('utf8')))
}

const telegramEdit: Effect = async (t, desk, file) => {
  for (const copy of [1, 2]) t.equal(await desk.post(file), 200, `copy ${copy}`)
  const rows = await shown(desk)
  t.match(
    rows.filter(({ text }) => text === 'Добрий день, де моє замовлення 4712?'),
    [{ direction: 'incoming' }],
  )
  t.notOk(rows.some(({ text }) => text === 'Добрий день, де моє замовлення 4711?'))
}

const unblocked: Effect = async (t, desk, file) => {
  const { db } = desk.parley.container.database
  const identity = await db.selectFrom('contact_identities').select('id').where('external_id', '=', '6012345678').executeTakeFirstOrThrow()
  await db
    .insertInto('identity_restrictions')
    .values({ channel_id: desk.channel.id, identity_id: identity.id, state: 'blocked', since: new Date() })
    .execute()
  await addsLine(/can be written to again/)(t, desk, file)
  t.strictSame(await db.selectFrom('identity_restrictions').selectAll().execute(), [])
}

const optedIn: Effect = async (t, desk, file) => {
  const { db } = desk.parley.container.database
  const identity = await db
    .selectFrom('contact_identities')
    .select('id')
    .where('external_id', '=', '+17185550199')
    .executeTakeFirstOrThrow()
  await db
    .insertInto('identity_restrictions')
    .values({ channel_id: desk.channel.id, identity_id: identity.id, state: 'opted_out', since: new Date() })
    .execute()
  await storedOnce(t, desk, file)
  t.strictSame(await db.selectFrom('identity_restrictions').selectAll().execute(), [])
  t.match((await systemLines(desk.parley, desk.chatId)).at(-1), /subscribed again/)
}

const changedNumber: Effect = async (t, desk, file) => {
  await addsLine(/\+49 1512 3456780?\d? .*to \+49 1700 000123|number changed from/)(t, desk, file)
  const { db } = desk.parley.container.database
  const contact = await db.selectFrom('chats').select('contact_id').where('id', '=', desk.chatId).executeTakeFirstOrThrow()
  const names = await db
    .selectFrom('contact_identities')
    .select(['namespace', 'external_id'])
    .where('contact_id', '=', contact.contact_id)
    .orderBy('namespace')
    .execute()
  t.strictSame(names, [
    { namespace: 'phone', external_id: '+491700000123' },
    { namespace: 'whatsapp', external_id: 'DE.10029384756601928374' },
  ])
  t.equal((await db.selectFrom('contacts').select('id').execute()).length, 1, 'no new contact')
}

const pageInbox: Effect = async (t, desk, file) => {
  await desk.post('messenger/text_reply_to.json')
  t.type((await desk.agent.chat(desk.chatId)).lastCustomerMessageAt, 'string')
  for (const copy of [1, 2]) t.equal(await desk.post(file), 200, `copy ${copy}`)
  const found = (await shown(desk)).filter(({ text }) => text === 'Le respondo desde la bandeja.')
  t.match(found, [{ direction: 'outgoing', status: 'sent', author: { kind: 'agent', id: null, name: 'Page inbox' } }])
  t.match(await desk.agent.chat(desk.chatId), { unread: 0, responseDueAt: null, lastMessage: { direction: 'outgoing' } })
}

const ourMid = 'm_Nr4czZHvRXgdPSk3FT5eohzHDj4fjRJu-TzJhsfjLKs_ScSFJV861bCiSTQpvmaXRRbglEpZpqE6O8cCA19iLQ'

const ownEcho: Effect = async (t, desk, file) => {
  const reply = await replyKnownAs(desk, ourMid, new Date(0))
  const before = (await shown(desk)).length
  for (const copy of [1, 2]) t.equal(await desk.post(file), 200, `copy ${copy}`)
  const rows = await shown(desk)
  t.equal(rows.length, before, 'an echo is no message')
  // Its time is known now, and lies before the watermark that came with an earlier file.
  t.match(
    rows.find(({ id }) => id === reply.id),
    { status: 'delivered', providerAt: new Date(1_795_340_400_123).toISOString() },
  )
}

const deliveredByMid: Effect = async (t, desk, file) => {
  const [first, second] = webhookCases[file] as Array<{ target: { externalId: string } }>
  const later = await replyKnownAs(desk, second?.target.externalId ?? '', new Date(1_795_340_402_123))
  const byTime = await replyKnownAs(desk, 'm_before', new Date(1_795_340_402_122))
  const atTime = await replyKnownAs(desk, 'm_at', new Date(1_795_340_402_123))
  const own = await replyKnownAs(desk, first?.target.externalId ?? '')
  t.equal(await desk.post(file), 200)
  const status = new Map((await shown(desk)).map((row) => [row.id, row.status]))
  t.strictSame(
    [own, later, byTime, atTime].map(({ id }) => status.get(id)),
    ['delivered', 'delivered', 'delivered', 'sent'],
    'delivered is what was sent before the watermark',
  )
}

const readUpTo: Effect = async (t, desk, file) => {
  const at = await replyKnownAs(desk, 'm_read_at', new Date(1_795_340_403_123))
  const after = await replyKnownAs(desk, 'm_read_after', new Date(1_795_340_403_124))
  t.equal(await desk.post(file), 200)
  const status = new Map((await shown(desk)).map((row) => [row.id, row.status]))
  t.strictSame(
    [at, after].map(({ id }) => status.get(id)),
    ['read', 'sent'],
    'read is what was sent before or at the watermark',
  )
}

const special: Record<string, Effect> = {
  'telegram/edited_text.json': telegramEdit,
  'telegram/message_reaction.json': addsLine(/^Олена Коваль: Reacted 👍$/),
  'telegram/my_chat_member_unblocked.json': unblocked,
  'whatsapp/reaction.json': addsLine(/^Marta Vogel: Reacted 👍/),
  'whatsapp/reaction_removed.json': addsLine(/^Marta Vogel: Took a reaction back/),
  'whatsapp/system_user_changed_number.json': changedNumber,
  'whatsapp/status_sent.json': movesTo('sent'),
  'whatsapp/status_sent_v23_conversation.json': movesTo('sent'),
  'whatsapp/status_delivered.json': movesTo('delivered'),
  'whatsapp/status_read.json': movesTo('read'),
  'whatsapp/status_failed_131026.json': movesTo('failed', /not on WhatsApp/),
  'whatsapp/status_failed_131047.json': movesTo('failed', /24 hours/),
  'whatsapp/status_failed_131049.json': movesTo('failed', /held the message back/),
  'whatsapp/status_failed_131053.json': movesTo('failed', /Downloading media/),
  'messenger/reaction.json': addsLine(/^New contact \(Messenger 7811203946650127\): Reacted ❤️/),
  'messenger/reaction_removed.json': addsLine(/Took a reaction back/),
  'messenger/referral.json': kept,
  'messenger/echo_page_inbox.json': pageInbox,
  'messenger/echo_own_app.json': ownEcho,
  'messenger/delivery_with_mids.json': deliveredByMid,
  'messenger/read.json': readUpTo,
  'twilio/sms_start_optin.txt': optedIn,
  'twilio/status_queued.txt': movesTo('sent'),
  'twilio/status_sending.txt': movesTo('sent'),
  'twilio/status_sent.txt': movesTo('sent'),
  'twilio/status_delivered.txt': movesTo('delivered'),
  'twilio/status_failed_21610.txt': movesTo('failed', /unsubscribed/),
  'twilio/status_failed_30001.txt': movesTo('failed', /queue/),
  'twilio/status_undelivered_30003.txt': movesTo('failed', /out of reach/),
  'twilio/status_undelivered_30006.txt': movesTo('failed', /landline/),
  'twilio/status_undelivered_30007.txt': movesTo('failed', /filtered/),
}

/** What changes who the customer is comes last. */
const last = ['telegram/edited_text.json', 'whatsapp/system_user_changed_number.json', 'messenger/read.json']
const order = (file: string) => last.indexOf(file)

const desks = [
  { folder: 'telegram', kind: 'telegram', first: 'telegram/text.json', name: 'Олена Коваль' },
  { folder: 'whatsapp', kind: 'whatsapp', first: 'whatsapp/text.json', name: 'Marta Vogel' },
  { folder: 'messenger', kind: 'messenger', first: 'messenger/text.json', name: 'New contact (Messenger 7811203946650127)' },
  { folder: 'twilio', kind: 'sms', first: 'twilio/sms_text.txt', name: '+1 718 555 0199' },
] as const

const webhookFiles = payloadFiles().filter((file) => file.includes('/') && !/api_|verify_get|twiml/.test(file))

t.strictSame(webhookFiles, Object.keys(webhookCases).sort(), 'every webhook file has its effect named')

for (const { folder, kind, first, name } of desks) {
  t.test(`each webhook of ${folder} has its effect through the endpoint`, async (t) => {
    const desk = await openDesk(t, kind, first, name)
    const files = webhookFiles.filter((file) => file.startsWith(`${folder}/`)).sort((a, b) => order(a) - order(b))
    for (const file of files) await t.test(file, (t) => (special[file] ?? storedOnce)(t as Test, desk, file))
    const problems = await desk.parley.container.database.db.selectFrom('process_incidents').selectAll().execute()
    t.strictSame(problems, [], 'no process stumbled')
  })
}

t.test('Meta checks the address of a webhook', async (t) => {
  const parley = await startListening(t)
  for (const kind of ['whatsapp', 'messenger'] as const) {
    const { config } = account(kind)
    const emulator = await startGraphEmulator({ token: 'EAAexample', appSecret })
    t.teardown(() => emulator.close())
    const channel = await addChannel(parley, kind, { ...config, apiBaseUrl: emulator.origin })
    const query = new URL(payload(`${kind}/verify_get.txt`).toString('utf8').split(/\s/)[1] ?? '', 'http://localhost').searchParams
    const answer = await fetch(`${hook(parley, channel)}?${query}`)
    t.equal(answer.status, 200)
    t.equal(await answer.text(), query.get('hub.challenge'))
    query.set('hub.verify_token', 'wrong')
    t.equal((await fetch(`${hook(parley, channel)}?${query}`)).status, 403)
  }
})
