import t from 'tap'
import { createTranslator, type ProviderConfig } from '../../../src/modules/translation/providers/index.ts'
import { TranslationError } from '../../../src/modules/translation/translator.ts'
import { startTranslator } from '../../helpers/translators/emulator.ts'

const signal = () => AbortSignal.timeout(5_000)

function translatorOf(config: ProviderConfig) {
  const translator = createTranslator(config)
  if (!translator) throw new Error('The config names no provider')
  return translator
}

const key = 'a-secret-key'
const cases: { config: ProviderConfig; path: string; target: string; credential: Record<string, unknown> }[] = [
  {
    config: { provider: 'libretranslate', apiKey: key },
    path: '/translate',
    target: 'en',
    credential: { body: { api_key: key, format: 'text', source: 'auto' } },
  },
  {
    config: { provider: 'deepl', apiKey: key },
    path: '/v2/translate',
    target: 'EN-US',
    credential: { headers: { authorization: `DeepL-Auth-Key ${key}` } },
  },
  {
    config: { provider: 'google', apiKey: key },
    path: '/language/translate/v2',
    target: 'en',
    credential: { headers: { 'x-goog-api-key': key }, body: { format: 'text' } },
  },
  {
    config: { provider: 'azure', apiKey: key, region: 'westeurope' },
    path: '/translate',
    target: 'en',
    credential: {
      headers: { 'ocp-apim-subscription-key': key, 'ocp-apim-subscription-region': 'westeurope' },
      query: { 'api-version': '3.0', to: 'en' },
    },
  },
]

for (const { config, path, target, credential } of cases) {
  t.test(`${config.provider} is called as documented`, async (t) => {
    const emulator = await startTranslator(t)
    const translator = translatorOf({ ...config, url: emulator.url })
    const translated = await translator.translate({ texts: ['Hola', 'Adiós'], from: null, to: 'en' }, signal())
    t.same(translated, [
      { text: `[${target}] Hola`, from: 'es' },
      { text: `[${target}] Adiós`, from: 'es' },
    ])
    t.equal(emulator.calls.length, 1, 'a batch is one call')
    t.match(emulator.calls[0], { path, ...credential })
  })

  t.test(`${config.provider}: what may pass is told from what may not`, async (t) => {
    const emulator = await startTranslator(t)
    const translator = translatorOf({ ...config, url: emulator.url })
    const failure = async (status: number, body: unknown) => {
      emulator.faults.push({ status, body })
      return translator.translate({ texts: ['Hola'], from: 'es', to: 'en' }, signal()).then(
        () => null,
        (error: unknown) => error,
      )
    }
    t.match(await failure(429, { error: { message: 'slow down' } }), new TranslationError('', { retry: true, status: 429 }).constructor)
    t.match(await failure(503, {}), { retry: true, status: 503 })
    t.match(await failure(403, { message: 'wrong key' }), { retry: false, status: 403, message: /wrong key/ })
    t.match(await failure(200, { unexpected: true }), { retry: false, message: /unknown form/ })
  })
}

t.test('a provider that cannot be reached, or is too slow, is worth another try', async (t) => {
  const emulator = await startTranslator(t)
  emulator.faults.push('hang')
  const translator = translatorOf({ provider: 'libretranslate', url: emulator.url })
  await t.rejects(translator.translate({ texts: ['Hola'], from: null, to: 'en' }, AbortSignal.timeout(100)), {
    name: 'TranslationError',
    retry: true,
  })
  const nobody = translatorOf({ provider: 'libretranslate', url: 'http://127.0.0.1:1' })
  await t.rejects(nobody.translate({ texts: ['Hola'], from: null, to: 'en' }, signal()), {
    name: 'TranslationError',
    retry: true,
    status: null,
  })
})

t.test('a config without what its provider needs is no provider', async (t) => {
  for (const provider of ['none', 'libretranslate', 'deepl', 'google', 'azure', 'apertium'] as const)
    t.equal(createTranslator({ provider }), null)
})
