const names = new Intl.DisplayNames(['en'], { type: 'language', fallback: 'code' })

/** `es` → `Spanish`; the code itself when nobody knows it. */
export function languageName(code: string): string {
  try {
    return names.of(code) ?? code
  } catch {
    // A provider may answer with something that is no language tag; it is all there is to show then.
    return code
  }
}

/** Languages offered where one is chosen (BCP 47), by name. */
export function languageOptions(...known: (string | null)[]): { value: string; label: string }[] {
  const codes = new Set([...common, ...known.flatMap((code) => code ?? [])])
  return [...codes].map((value) => ({ value, label: languageName(value) })).sort((a, b) => a.label.localeCompare(b.label))
}

const common = ['ar', 'cs', 'de', 'en', 'es', 'fr', 'hu', 'it', 'ja', 'ko', 'nl', 'pl', 'pt', 'ro', 'ru', 'sv', 'tr', 'uk', 'zh']
