/** One text in another language; `from` is the language the provider took it for, as an ISO 639-1 code. */
export interface Translated {
  text: string
  from: string
}

export interface TranslationRequest {
  /** At most `maxTexts` of the provider, all in one language. */
  texts: readonly string[]
  /** ISO 639-1, or null to let the provider tell. */
  from: string | null
  /** ISO 639-1. */
  to: string
}

/** A translation service behind one port. */
export interface Translator {
  /** Code of the provider, shown beside a translation. */
  name: string
  maxTexts: number
  /** Whether it can tell the language itself. */
  detects: boolean
  /** Answers in the order of the texts. @throws TranslationError */
  translate(request: TranslationRequest, signal: AbortSignal): Promise<Translated[]>
}

/** The provider did not translate; `retry` tells whether a later attempt can succeed. */
export class TranslationError extends Error {
  readonly retry: boolean
  /** HTTP status of the provider's answer; null when none came. */
  readonly status: number | null

  constructor(message: string, options: { retry: boolean; status?: number | null; cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = 'TranslationError'
    this.retry = options.retry
    this.status = options.status ?? null
  }
}

/** The primary language of a BCP 47 tag, in lower case: "en" of "EN-US". */
export const primaryLanguage = (tag: string): string => tag.toLowerCase().split(/[-_]/)[0] ?? ''
