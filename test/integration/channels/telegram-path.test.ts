import t from 'tap'
import { until } from '../../helpers/until.ts'
import { acceptedChat, attempts, conversation, message, olena, startListening, systemLines, telegram } from './support.ts'

t.test('a customer of a Telegram bot is answered, and what they do afterwards shows', async (t) => {
  const parley = await startListening(t)
  const { emulator, channel, url } = await telegram(t, parley)
  t.match(channel, { setup: { ok: true, detail: /registered/ }, secretsSet: ['token'], state: 'unknown' })
  t.notOk(JSON.stringify(channel).includes(emulator.token), 'the token is not shown')
  t.match(emulator.webhook.url, new RegExp(`^https://chat.example.org/webhooks/telegram/${channel.id}$`))

  const update = emulator.messageUpdate(olena, { text: 'Where is my order?' })
  const sent = update.message as { message_id: number; date: number }
  t.match(await emulator.deliver(update, { url, copies: 3 }), [{ status: 200 }, { status: 200 }, { status: 200 }])
  const { agent, chatId } = await acceptedChat(parley, 'Olena Koval')
  t.match((await agent.chat(chatId)).contactProfile, [{}, {}, {}, { field: 'writesFrom', value: 'Telegram 6012345678' }])

  const reply = await agent.reply(chatId, 'On its way')
  t.match(await message(agent, chatId, reply.id, 'sent'), { attempts: 1, failureReason: null })
  t.match(emulator.sent, [{ chat: { id: olena.id }, text: 'On its way' }])
  t.match(await attempts(agent, reply.id), [{ part: 0, outcome: 'sent' }])

  const edited = {
    ...sent,
    from: { is_bot: false, ...olena },
    chat: { id: olena.id, type: 'private' },
    edit_date: sent.date + 60,
    text: 'Where is order 4711?',
  }
  await emulator.deliver(emulator.update({ edited_message: edited }), { url, copies: 2 })
  t.strictSame(await conversation(parley, chatId), [
    ['incoming', 'Where is order 4711?'],
    ['outgoing', 'On its way'],
  ])
  const reaction = {
    chat: { id: olena.id, type: 'private' },
    message_id: emulator.sent[0]?.message_id,
    user: { is_bot: false, ...olena },
    date: sent.date + 70,
  }
  await emulator.deliver(emulator.update({ message_reaction: { ...reaction, new_reaction: [{ type: 'emoji', emoji: '👍' }] } }), {
    url,
    copies: 2,
  })
  await emulator.deliver(emulator.update({ message_reaction: { ...reaction, new_reaction: [] } }), { url })
  t.strictSame((await systemLines(parley, chatId)).slice(-2), [
    'Olena Koval: Reacted 👍 to “On its way”',
    'Olena Koval: Took a reaction back to “On its way”',
  ])

  const membership = (status: string) => ({
    chat: { id: olena.id, type: 'private' },
    from: { is_bot: false, ...olena },
    date: sent.date + 80,
    new_chat_member: { user: emulator.bot, status },
  })
  await emulator.deliver(emulator.update({ my_chat_member: membership('kicked') }), { url, copies: 2 })
  t.match((await agent.chat(chatId)).restrictions.refusal, /blocked/)
  emulator.refusals.set(olena.id, { error_code: 403, description: 'Forbidden: bot was blocked by the user' })
  const blocked = await agent.reply(chatId, 'Are you there?')
  t.match(await message(agent, chatId, blocked.id, 'failed'), { failureReason: 'The customer has blocked the bot' })
  emulator.refusals.clear()
  await emulator.deliver(emulator.update({ my_chat_member: membership('member') }), { url })
  t.equal((await agent.chat(chatId)).restrictions.refusal, null)
  t.strictSame((await systemLines(parley, chatId)).slice(-2), [
    'The customer has blocked the bot: messages do not reach them.',
    'The customer can be written to again.',
  ])
  await agent.ok('POST', `/api/messages/${blocked.id}/retry`)
  await message(agent, chatId, blocked.id, 'sent')
  t.strictSame(
    emulator.sent.map(({ text }) => text),
    ['On its way', 'Are you there?'],
  )
})

t.test('a pressed button is acknowledged, and an edit that comes first is the message', async (t) => {
  const parley = await startListening(t)
  const { emulator, url } = await telegram(t, parley)
  const chat = { id: olena.id, type: 'private' }
  const edited = { message_id: 77, from: { is_bot: false, ...olena }, chat, date: 1_795_340_000, edit_date: 1_795_340_010, text: 'new' }
  await emulator.deliver(emulator.update({ edited_message: edited }), { url })
  await emulator.deliver(emulator.update({ message: { ...edited, text: 'old' } }), { url })
  const button = { id: '900', from: { is_bot: false, ...olena }, data: 'a', message: { message_id: 78, chat, text: 'Choose' } }
  await emulator.deliver(emulator.update({ callback_query: button }), { url })
  const { chatId } = await acceptedChat(parley, 'Olena Koval')
  t.strictSame(await conversation(parley, chatId), [
    ['incoming', 'new'],
    ['incoming', 'a'],
  ])
  await until(() => emulator.callsOf('answerCallbackQuery').length === 1)
})

t.test('an album of ten pictures from a new customer in one moment is one chat with ten messages', async (t) => {
  const parley = await startListening(t)
  const { emulator, url } = await telegram(t, parley)
  const updates = Array.from({ length: 10 }, (_, index) =>
    emulator.messageUpdate(olena, {
      media_group_id: '13957',
      caption: `picture ${index}`,
      photo: [{ file_id: emulator.addFile(Buffer.from(`p${index}`)), file_unique_id: `u${index}`, width: 1, height: 1, file_size: 2 }],
    }),
  )
  const answers = await emulator.deliver(updates, { url, together: true })
  t.ok(answers.every(({ status }) => status === 200))
  const { chatId } = await acceptedChat(parley, 'Olena Koval')
  const texts = (await conversation(parley, chatId)).map(([, text]) => text)
  t.strictSame(
    texts.toSorted(),
    updates.map((_, index) => `picture ${index}`),
  )
  const chats = await parley.container.database.db.selectFrom('chats').select('id').execute()
  t.equal(chats.length, 1)
})

t.test('fifty copies of one webhook at once are one message, one push and one fact', async (t) => {
  const parley = await startListening(t)
  const { emulator, url } = await telegram(t, parley)
  const socket = await parley.admin.listen(t)
  await parley.admin.becomes('active')
  const answers = await emulator.deliver(emulator.messageUpdate(olena, { text: 'Once' }), { url, copies: 50, together: true })
  t.ok(answers.every(({ status }) => status === 200))
  const tile = await parley.admin.newItem('Olena Koval')
  await parley.admin.accept(tile.id)
  await emulator.deliver(emulator.messageUpdate(olena, { text: 'Twice' }), { url, copies: 50, together: true })
  await socket.next('chat.message', (frame) => frame.message.text === 'Twice')
  t.strictSame(await conversation(parley, tile.id), [
    ['incoming', 'Once'],
    ['incoming', 'Twice'],
  ])
  t.equal(socket.of('chat.message').filter((frame) => frame.message.text === 'Twice').length, 1)
  const instances = await parley.container.database.db.selectFrom('process_instances').select('id').where('chat_id', '=', tile.id).execute()
  t.equal(instances.length, 1)
})
