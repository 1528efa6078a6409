import { TranslationError, type Translator } from '../translator.ts'
import { callProvider, member } from './call.ts'

/** Apertium names languages by ISO 639-3. */
const codes: Record<string, string> = {
  en: 'eng',
  es: 'spa',
  pt: 'por',
  fr: 'fra',
  it: 'ita',
  ca: 'cat',
  gl: 'glg',
  ro: 'ron',
  ru: 'rus',
  uk: 'ukr',
  be: 'bel',
  is: 'isl',
  mk: 'mkd',
  eu: 'eus',
  eo: 'epo',
  nn: 'nno',
  nb: 'nob',
  no: 'nob',
  id: 'ind',
  ms: 'zlm',
  hr: 'hbs',
  sr: 'hbs',
  bs: 'hbs',
  de: 'deu',
  nl: 'nld',
  sv: 'swe',
  da: 'dan',
}

/** Apertium-APy (https://wiki.apertium.org/wiki/Apertium-apy): rule-based, runs without any cloud; one text a call, and it must be told the language. */
export function apertium(config: { url: string }): Translator {
  return {
    name: 'apertium',
    maxTexts: 10,
    detects: false,
    async translate({ texts, from, to }, signal) {
      if (from === null) throw new TranslationError('Apertium must be told the language of the text', { retry: false })
      const pair = `${codes[from] ?? from}|${codes[to] ?? to}`
      const translated: { text: string; from: string }[] = []
      for (const text of texts) {
        const json = await callProvider({
          provider: 'Apertium',
          url: new URL('/translate', config.url).href,
          body: new URLSearchParams({ langpair: pair, q: text, markUnknown: 'no' }),
          signal,
        })
        const answer = member(member(json, 'responseData'), 'translatedText')
        if (typeof answer !== 'string') throw new TranslationError('Apertium answered in an unknown form', { retry: false })
        translated.push({ text: answer, from })
      }
      return translated
    },
  }
}
