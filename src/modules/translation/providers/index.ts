import type { Translator } from '../translator.ts'
import { apertium } from './apertium.ts'
import { azureTranslator } from './azure.ts'
import { deepl } from './deepl.ts'
import { googleTranslate } from './google.ts'
import { libreTranslate } from './libretranslate.ts'

/** The setting TranslationProvider, with its secrets. */
export interface ProviderConfig {
  provider: 'none' | 'libretranslate' | 'deepl' | 'google' | 'azure' | 'apertium'
  url?: string | undefined
  apiKey?: string | undefined
  region?: string | undefined
}

/** The translator a config stands for; null when translation is off or the config lacks what its provider needs. */
export function createTranslator(config: ProviderConfig): Translator | null {
  const { provider, url = null, apiKey = null, region = null } = config
  switch (provider) {
    case 'none':
      return null
    case 'libretranslate':
      return url === null ? null : libreTranslate({ url, apiKey })
    case 'apertium':
      return url === null ? null : apertium({ url })
    case 'deepl':
      return apiKey === null ? null : deepl({ url, apiKey })
    case 'google':
      return apiKey === null ? null : googleTranslate({ url, apiKey })
    case 'azure':
      return apiKey === null ? null : azureTranslator({ url, apiKey, region })
  }
}
