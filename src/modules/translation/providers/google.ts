import { primaryLanguage, type Translator } from '../translator.ts'
import { callProvider, expectTexts, member } from './call.ts'

/** Google Cloud Translation Basic v2; format "text", or it answers with HTML escapes. */
export function googleTranslate(config: { url: string | null; apiKey: string }): Translator {
  return {
    name: 'google',
    maxTexts: 100,
    detects: true,
    async translate({ texts, from, to }, signal) {
      const json = await callProvider({
        provider: 'Google Translate',
        url: new URL('/language/translate/v2', config.url ?? 'https://translation.googleapis.com').href,
        headers: { 'x-goog-api-key': config.apiKey },
        body: { q: texts, target: to, format: 'text', ...(from === null ? {} : { source: from }) },
        signal,
      })
      return expectTexts('Google Translate', member(member(json, 'data'), 'translations'), texts.length, (item) => {
        const text = member(item, 'translatedText')
        const source = member(item, 'detectedSourceLanguage')
        return typeof text === 'string' ? { text, from: from ?? (typeof source === 'string' ? primaryLanguage(source) : 'und') } : undefined
      })
    },
  }
}
