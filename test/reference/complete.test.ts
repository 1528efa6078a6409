import { areaOf, chatThat, completes, messageThat, onBothBackends, openDesk } from './support.ts'

onBothBackends('Complete chat', async (t, parley) => {
  const desk = await openDesk(parley)
  const anna = await desk.agent('Anna')

  await t.test('completed by its agent: read-only, out of the inbox, and a line in the conversation says so', async (t) => {
    const { customer, chatId } = await desk.conversation(anna)
    const other = await desk.conversation(anna)
    await anna.reply(chatId, 'Solved')
    t.match(await completes(anna, chatId), { status: 'completed', completionReason: 'agent', timeoutAt: null })
    t.equal(await areaOf(anna, chatId), null)
    t.match((await anna.messages(chatId)).at(-1), { direction: 'system', text: /completed/i })
    const refused = { status: 409, body: { code: 'CHAT_COMPLETED' } }
    const chat = `/api/chats/${chatId}`
    t.match(await anna.call('POST', `${chat}/messages`, { text: 'Wait' }), refused)
    t.match(await anna.call('POST', `${chat}/messages`, { text: 'Wait', note: true }), refused)
    t.match(await anna.call('POST', `${chat}/transfer`, { queueId: desk.queue.id }), refused)
    t.match(await anna.call('POST', `${chat}/complete`), refused)
    t.match(await anna.call('POST', `${chat}/accept`), refused)
    t.match(await anna.call('POST', `${chat}/link`, { contactId: other.chat.contact.id }), refused)
    const { actions } = await anna.chat(chatId)
    for (const { id } of actions) t.match(await anna.call('POST', `${chat}/actions/${id}`), refused)
    await customer.writes('Thanks')
    t.not((await anna.newItem(customer.name)).id, chatId)
  })

  await t.test('completed by the timeout of its queue, which does not run while the customer waits', async (t) => {
    const { customer, chatId } = await desk.conversation(anna)
    await desk.configure({ chatTimeoutMinutes: 30 })
    t.equal((await anna.chat(chatId)).timeoutAt, null, 'the customer waits for the first answer')
    const { at } = await anna.reply(chatId, 'Yes?')
    t.equal(Date.parse((await anna.chat(chatId)).timeoutAt ?? ''), Date.parse(at) + 30 * 60_000, 'from the last answer on')
    await customer.writes('Hm')
    t.equal((await anna.chat(chatId)).timeoutAt, null, 'the customer waits again')
    await anna.reply(chatId, 'Well?')
    await desk.configure({ chatTimeoutMinutes: 0.01 })
    t.match(await chatThat(anna, chatId, ({ status }) => status === 'completed', 'the timeout'), { completionReason: 'timeout' })
    t.match((await anna.messages(chatId)).at(-1), { direction: 'system', text: /timeout/i })
    t.equal(await areaOf(anna, chatId), null)
    const waiting = await desk.conversation(anna)
    await desk.configure({ chatTimeoutMinutes: null })
    await anna.reply(waiting.chatId, 'Take your time')
    await messageThat(anna, waiting.chatId, ({ status }) => status === 'delivered', 'the answer to be delivered')
    t.match(await anna.chat(waiting.chatId), { status: 'in_progress', timeoutAt: null }, 'no limit, no timeout')
  })
})
