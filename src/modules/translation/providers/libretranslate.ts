import { primaryLanguage, type Translator } from '../translator.ts'
import { callProvider, expectTexts, member } from './call.ts'

/**
 * LibreTranslate's POST /translate (https://docs.libretranslate.com). With source "auto" it takes a whole batch for one
 * language, so a batch never mixes languages.
 */
export function libreTranslate(config: { url: string; apiKey: string | null }): Translator {
  return {
    name: 'libretranslate',
    maxTexts: 25,
    detects: true,
    async translate({ texts, from, to }, signal) {
      const json = await callProvider({
        provider: 'LibreTranslate',
        url: new URL('/translate', config.url).href,
        body: { q: texts, source: from ?? 'auto', target: to, format: 'text', ...(config.apiKey ? { api_key: config.apiKey } : {}) },
        signal,
      })
      const detected = member(json, 'detectedLanguage')
      const first = Array.isArray(detected) ? detected : [detected]
      return expectTexts('LibreTranslate', member(json, 'translatedText'), texts.length, (text) =>
        typeof text === 'string' ? text : undefined,
      ).map((text, index) => {
        const language = member(first[index] ?? first[0], 'language')
        return { text, from: from ?? (typeof language === 'string' ? primaryLanguage(language) : 'und') }
      })
    },
  }
}
