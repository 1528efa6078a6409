import t from 'tap'
import type { Message } from '../../src/contracts/index.ts'
import { startParley, type TestAgent } from '../helpers/parley.ts'
import { startTranslator } from '../helpers/translators/emulator.ts'
import { until } from '../helpers/until.ts'
import { openDesk, withSetting } from './support.ts'

const spanish = 'Hola, mi pedido no ha llegado todavía'

const translated = (agent: TestAgent, chatId: string, text: string): Promise<Message> =>
  until(async () => (await agent.messages(chatId)).find((message) => message.text === text && message.translation !== null), {
    message: `the translation of "${text}"`,
  })

t.test('Translate chat messages', async (t) => {
  const emulator = await startTranslator(t)
  const parley = await startParley(t)
  const desk = await openDesk(parley)
  const anna = await desk.agent('Anna', { language: 'de' })

  await t.test('it is off until an administrator has set it up', async (t) => {
    const { chatId } = await desk.conversation(anna, spanish)
    const panel = `/api/chats/${chatId}/translation`
    t.match(await anna.ok('GET', panel), { available: false, enabled: false })
    t.match(await anna.call('PUT', panel, { enabled: true }), { status: 409, body: { code: 'TRANSLATION_OFF' } })
    t.equal((await anna.call('PUT', '/api/settings/TranslationProvider', { value: { provider: 'none' } })).status, 403)
  })

  await t.test('languages are found out and can be changed, both directions are translated, originals stay, cancel ends it', async (t) => {
    await withSetting(t, parley, 'TranslationProvider', { provider: 'libretranslate', url: emulator.url })
    const { chatId, customer } = await desk.conversation(anna, spanish)
    const panel = `/api/chats/${chatId}/translation`
    t.match(
      await anna.ok('GET', panel),
      { available: true, enabled: false, detected: 'es', from: 'es', to: 'de' },
      'the language of the agent',
    )
    await anna.ok('PUT', panel, { enabled: true })
    const first = await translated(anna, chatId, spanish)
    t.match(first, { text: spanish, translation: { text: `[de] ${spanish}`, from: 'es', to: 'de' } }, 'what came before')
    await customer.writes('¿Dónde está mi paquete?')
    t.match(await translated(anna, chatId, '¿Dónde está mi paquete?'), { translation: { to: 'de' } }, 'what comes later')

    await anna.reply(chatId, 'Es ist unterwegs')
    await customer.gets('[es] Es ist unterwegs')
    t.match(await translated(anna, chatId, 'Es ist unterwegs'), { translation: { text: '[es] Es ist unterwegs', from: 'de', to: 'es' } })
    await anna.ok('POST', `/api/chats/${chatId}/messages`, { text: '¡Adiós!', translate: false })
    await customer.gets('¡Adiós!')

    await anna.ok('PUT', panel, { enabled: true, from: 'pt', to: 'fr' })
    await customer.writes('Muito obrigado por tudo')
    t.match(await translated(anna, chatId, 'Muito obrigado por tudo'), {
      translation: { text: '[fr] Muito obrigado por tudo', from: 'pt' },
    })
    await anna.reply(chatId, 'Merci')
    await customer.gets('[pt] Merci')

    t.match(await anna.ok('PUT', panel, { enabled: false }), { translation: { enabled: false } })
    await anna.reply(chatId, 'Tschüss')
    await customer.gets('Tschüss')
    await customer.writes('Hasta luego, amigo mío')
    await anna.reply(chatId, 'Noch da')
    await customer.gets('Noch da')
    const last = (await anna.messages(chatId)).find(({ text }) => text === 'Hasta luego, amigo mío')
    t.equal(last?.translation, null)
    t.ok(
      (await anna.messages(chatId)).some(({ translation }) => translation),
      'what was translated stays readable in both',
    )
  })
})
