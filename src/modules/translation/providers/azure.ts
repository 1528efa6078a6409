import { primaryLanguage, type Translator } from '../translator.ts'
import { callProvider, expectTexts, member } from './call.ts'

/** Azure Translator v3.0. */
export function azureTranslator(config: { url: string | null; apiKey: string; region: string | null }): Translator {
  return {
    name: 'azure',
    maxTexts: 100,
    detects: true,
    async translate({ texts, from, to }, signal) {
      const url = new URL('/translate', config.url ?? 'https://api.cognitive.microsofttranslator.com')
      url.searchParams.set('api-version', '3.0')
      url.searchParams.set('to', to)
      if (from !== null) url.searchParams.set('from', from)
      const json = await callProvider({
        provider: 'Azure Translator',
        url: url.href,
        headers: {
          'ocp-apim-subscription-key': config.apiKey,
          ...(config.region ? { 'ocp-apim-subscription-region': config.region } : {}),
        },
        body: texts.map((text) => ({ Text: text })),
        signal,
      })
      return expectTexts('Azure Translator', json, texts.length, (item) => {
        const translations = member(item, 'translations')
        const text = member(Array.isArray(translations) ? translations[0] : undefined, 'text')
        const source = member(member(item, 'detectedLanguage'), 'language')
        return typeof text === 'string' ? { text, from: from ?? (typeof source === 'string' ? primaryLanguage(source) : 'und') } : undefined
      })
    },
  }
}
