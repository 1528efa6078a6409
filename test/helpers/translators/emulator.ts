import Fastify, { type FastifyRequest } from 'fastify'

interface WithTeardown {
  teardown(clean: () => Promise<void>): unknown
}

export interface TranslatorCall {
  path: string
  headers: Record<string, unknown>
  query: Record<string, string>
  body: unknown
}

/** A loopback server that speaks the documented shapes of the cloud providers and "translates" by putting the target in front. */
export interface TranslatorEmulator {
  url: string
  calls: TranslatorCall[]
  /** What the next calls answer instead: a status with a body, or no answer at all. */
  faults: ({ status: number; body: unknown } | 'hang')[]
}

type Texts = readonly string[]

/** Every text is "Spanish" to it. */
const detected = 'es'

const shapes: Record<string, (request: TranslatorCall) => unknown> = {
  '/translate': (call) => (call.query['api-version'] ? azure(call) : libre(call)),
  '/v2/translate': ({ body }) => {
    const { text, target_lang } = body as { text: Texts; target_lang: string }
    return { translations: text.map((item) => ({ detected_source_language: detected.toUpperCase(), text: `[${target_lang}] ${item}` })) }
  },
  '/language/translate/v2': ({ body }) => {
    const { q, target } = body as { q: Texts; target: string }
    return { data: { translations: q.map((item) => ({ translatedText: `[${target}] ${item}`, detectedSourceLanguage: detected })) } }
  },
}

function libre({ body }: TranslatorCall): unknown {
  const { q, target, source } = body as { q: Texts; target: string; source: string }
  const language = { confidence: 90, language: detected }
  return {
    translatedText: q.map((item) => `[${target}] ${item}`),
    ...(source === 'auto' ? { detectedLanguage: q.map(() => language) } : {}),
  }
}

function azure({ body, query }: TranslatorCall): unknown {
  return (body as { Text: string }[]).map(({ Text }) => ({
    ...(query.from ? {} : { detectedLanguage: { language: detected, score: 0.9 } }),
    translations: [{ text: `[${query.to}] ${Text}`, to: query.to }],
  }))
}

export async function startTranslator(t: WithTeardown): Promise<TranslatorEmulator> {
  const app = Fastify({ forceCloseConnections: true })
  const emulator: TranslatorEmulator = { url: '', calls: [], faults: [] }
  app.post('/*', async (request: FastifyRequest, reply) => {
    const path = request.url.split('?')[0] ?? ''
    const call = { path, headers: request.headers, query: request.query as Record<string, string>, body: request.body }
    emulator.calls.push(call)
    const fault = emulator.faults.shift()
    if (fault === 'hang') return new Promise(() => undefined)
    if (fault) return reply.code(fault.status).send(fault.body)
    const answer = shapes[path]
    return answer ? answer(call) : reply.code(404).send({ error: 'not found' })
  })
  emulator.url = await app.listen({ port: 0, host: '127.0.0.1' })
  t.teardown(() => app.close())
  return emulator
}
