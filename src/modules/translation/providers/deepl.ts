import { primaryLanguage, type Translator } from '../translator.ts'
import { callProvider, expectTexts, member } from './call.ts'

/** DeepL wants a variety of these as a target (https://developers.deepl.com/docs/getting-started/supported-languages). */
const targets: Record<string, string> = { en: 'EN-US', pt: 'PT-PT', zh: 'ZH-HANS' }

/** DeepL API v2; keys that end in ":fx" belong to the free host. 456 means that the quota is used up. */
export function deepl(config: { url: string | null; apiKey: string }): Translator {
  const host = config.url ?? (config.apiKey.endsWith(':fx') ? 'https://api-free.deepl.com' : 'https://api.deepl.com')
  return {
    name: 'deepl',
    maxTexts: 50,
    detects: true,
    async translate({ texts, from, to }, signal) {
      const json = await callProvider({
        provider: 'DeepL',
        url: new URL('/v2/translate', host).href,
        headers: { authorization: `DeepL-Auth-Key ${config.apiKey}` },
        body: { text: texts, target_lang: targets[to] ?? to.toUpperCase(), ...(from === null ? {} : { source_lang: from.toUpperCase() }) },
        signal,
      })
      return expectTexts('DeepL', member(json, 'translations'), texts.length, (item) => {
        const text = member(item, 'text')
        const source = member(item, 'detected_source_language')
        return typeof text === 'string' ? { text, from: from ?? (typeof source === 'string' ? primaryLanguage(source) : 'und') } : undefined
      })
    },
  }
}
