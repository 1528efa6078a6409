import t from 'tap'
import type { Message } from '../../../src/contracts/index.ts'
import { addAgent, customerSees, customerWrites, startParley, type TestAgent, type TestParley } from '../../helpers/parley.ts'
import { apertiumSkip, startApertium } from '../../helpers/translators/apertium.ts'
import { startTranslator } from '../../helpers/translators/emulator.ts'
import { until } from '../../helpers/until.ts'

const useProvider = (parley: TestParley, value: Record<string, unknown>) =>
  parley.admin.ok('PUT', '/api/settings/TranslationProvider', { value })

async function acceptedChat(parley: TestParley, agent: TestAgent, customer: string, text: string): Promise<string> {
  await customerWrites(parley, customer, text)
  const tile = await agent.newItem(customer)
  await agent.accept(tile.id)
  return tile.id
}

const translated = (agent: TestAgent, chatId: string, fits: (message: Message) => boolean) =>
  until(async () => (await agent.messages(chatId)).find((message) => fits(message) && message.translation !== null))

t.test('translation is off until an administrator sets it up', async (t) => {
  const parley = await startParley(t)
  const anna = await addAgent(parley, 'Anna')
  const chatId = await acceptedChat(parley, anna, 'Bob', 'Hola, mi pedido no ha llegado todavía')
  t.match(await anna.ok('GET', `/api/chats/${chatId}/translation`), {
    available: false,
    enabled: false,
    detected: 'es',
    from: 'es',
    to: 'en',
  })
  t.match(await anna.call('PUT', `/api/chats/${chatId}/translation`, { enabled: true }), { status: 409, body: { code: 'TRANSLATION_OFF' } })
})

t.test('a chat is translated in both directions, and the originals stay', async (t) => {
  const emulator = await startTranslator(t)
  const parley = await startParley(t, { listen: true })
  await useProvider(parley, { provider: 'libretranslate', url: emulator.url })
  const anna = await addAgent(parley, 'Anna')
  const socket = await anna.listen(t)
  const chatId = await acceptedChat(parley, anna, 'Bob', 'Hola, mi pedido no ha llegado todavía')
  t.match(await anna.ok('PUT', `/api/chats/${chatId}/translation`, { enabled: true }), {
    translation: { enabled: true, from: 'es', to: 'en' },
  })
  t.match(await translated(anna, chatId, (message) => message.direction === 'incoming'), {
    text: 'Hola, mi pedido no ha llegado todavía',
    translation: { text: '[en] Hola, mi pedido no ha llegado todavía', from: 'es', to: 'en', provider: 'libretranslate' },
  })

  await customerWrites(parley, 'Bob', '¿Dónde está mi paquete?')
  await translated(anna, chatId, (message) => message.text === '¿Dónde está mi paquete?')
  await socket.next('chat.message', (frame) => frame.message.translation?.text === '[en] ¿Dónde está mi paquete?')

  await anna.reply(chatId, 'It is on its way')
  const seen = await until(async () => (await customerSees(parley, 'Bob')).find((message) => message.direction === 'outgoing'))
  t.equal(seen.text, '[es] It is on its way', 'the customer gets the translation')
  t.match(await translated(anna, chatId, (message) => message.direction === 'outgoing'), {
    text: 'It is on its way',
    translation: { text: '[es] It is on its way', from: 'en', to: 'es' },
  })

  await anna.ok('POST', `/api/chats/${chatId}/messages`, { text: 'Adiós', translate: false })
  await until(async () => (await customerSees(parley, 'Bob')).some((message) => message.text === 'Adiós'), {
    message: 'a message that is not to be translated',
  })

  t.match(await anna.ok('PUT', `/api/chats/${chatId}/translation`, { enabled: false }), { translation: { enabled: false } })
  await customerWrites(parley, 'Bob', 'Gracias por todo')
  await anna.reply(chatId, 'You are welcome')
  await until(async () => (await customerSees(parley, 'Bob')).some((message) => message.text === 'You are welcome'))
  const last = (await anna.messages(chatId)).find((message) => message.text === 'Gracias por todo')
  t.equal(last?.translation, null)
})

t.test('a provider that fails or hangs neither blocks nor loses a message', async (t) => {
  const emulator = await startTranslator(t)
  const parley = await startParley(t)
  await useProvider(parley, { provider: 'libretranslate', url: emulator.url })
  const anna = await addAgent(parley, 'Anna')
  const chatId = await acceptedChat(parley, anna, 'Bob', 'Hola, mi pedido no ha llegado todavía')
  await anna.ok('PUT', `/api/chats/${chatId}/translation`, { enabled: true })
  await translated(anna, chatId, (message) => message.direction === 'incoming')

  emulator.faults.push({ status: 403, body: { error: 'banned' } })
  await anna.reply(chatId, 'We are looking into it')
  const seen = await until(async () => (await customerSees(parley, 'Bob')).find((message) => message.direction === 'outgoing'))
  t.equal(seen.text, 'We are looking into it', 'it goes out as it was written')

  emulator.faults.push({ status: 503, body: {} })
  await customerWrites(parley, 'Bob', '¿Hay alguien ahí?')
  await translated(anna, chatId, (message) => message.text === '¿Hay alguien ahí?')
})

t.test('what was translated once is not asked for again', async (t) => {
  const emulator = await startTranslator(t)
  const parley = await startParley(t)
  await useProvider(parley, { provider: 'deepl', url: emulator.url, apiKey: 'key' })
  const anna = await addAgent(parley, 'Anna')
  for (const customer of ['Bob', 'Cora']) {
    const chatId = await acceptedChat(parley, anna, customer, 'Hola, mi pedido no ha llegado todavía')
    await anna.ok('PUT', `/api/chats/${chatId}/translation`, { enabled: true })
    await translated(anna, chatId, (message) => message.direction === 'incoming')
  }
  t.equal(emulator.calls.length, 1)
  const settings = await parley.admin.call('GET', '/api/settings')
  t.notMatch(JSON.stringify(settings.body), /"key"/, 'the key of the provider is never shown')
})

t.test('a real translation server translates a chat', { skip: apertiumSkip }, async (t) => {
  const parley = await startParley(t)
  await useProvider(parley, { provider: 'apertium', url: await startApertium(t) })
  const anna = await addAgent(parley, 'Anna')
  const chatId = await acceptedChat(parley, anna, 'Bob', 'Hola, quiero hablar con un agente. Mi pedido no ha llegado.')
  await anna.ok('PUT', `/api/chats/${chatId}/translation`, { enabled: true })
  const message = await translated(anna, chatId, (item) => item.direction === 'incoming')
  t.match(message.translation, { text: /I want to speak with an agent/, from: 'es', to: 'en', provider: 'apertium' })
  await anna.reply(chatId, 'My friend is here.')
  const seen = await until(async () => (await customerSees(parley, 'Bob')).find((item) => item.direction === 'outgoing'), {
    timeoutMs: 20_000,
  })
  t.match(seen.text, /amigo/)
})
