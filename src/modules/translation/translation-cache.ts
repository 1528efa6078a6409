import { createHash } from 'node:crypto'
import type { Kysely } from 'kysely'
import type { Schema } from '../../schema.ts'
import type { Translated, TranslationRequest, Translator } from './translator.ts'

const hashOf = (text: string): Buffer => createHash('sha256').update(text).digest()

/** Translates a batch in one language; what was translated before is not asked for again. @throws TranslationError */
export async function translateCached(
  db: Kysely<Schema>,
  translator: Translator,
  request: TranslationRequest,
  now: Date,
  signal: AbortSignal,
): Promise<Translated[]> {
  const from = request.from ?? ''
  const hashes = new Map(request.texts.map((text) => [text, hashOf(text)]))
  const rows = await db
    .selectFrom('translation_cache')
    .select(['text_hash', 'text', 'detected_language'])
    .where('provider', '=', translator.name)
    .where('from_language', '=', from)
    .where('to_language', '=', request.to)
    .where('text_hash', 'in', [...hashes.values()])
    .execute()
  const known = new Map(rows.map((row) => [row.text_hash.toString('hex'), { text: row.text, from: row.detected_language }]))
  const missing = [...hashes].filter(([, hash]) => !known.has(hash.toString('hex')))
  for (let start = 0; start < missing.length; start += translator.maxTexts) {
    const part = missing.slice(start, start + translator.maxTexts)
    const translated = await translator.translate({ ...request, texts: part.map(([text]) => text) }, signal)
    for (const [index, item] of translated.entries()) {
      const [, hash] = part[index] ?? []
      if (!hash) continue
      known.set(hash.toString('hex'), item)
      await db
        .insertInto('translation_cache')
        .values({
          provider: translator.name,
          from_language: from,
          to_language: request.to,
          text_hash: hash,
          text: item.text,
          detected_language: item.from,
          used_at: now,
        })
        .onConflict((conflict) => conflict.columns(['provider', 'from_language', 'to_language', 'text_hash']).doUpdateSet({ used_at: now }))
        .execute()
    }
  }
  return request.texts.map((text) => {
    const item = known.get(hashes.get(text)?.toString('hex') ?? '')
    if (!item) throw new Error('A translated text is missing')
    return item
  })
}
