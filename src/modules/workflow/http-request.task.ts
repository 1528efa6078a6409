import { Type } from 'typebox'
import { type Dispatcher, request } from 'undici'
import { AppError } from '../../platform/errors.ts'
import { BpmnError, remoteTask, type Task } from './task-registry.ts'

const maxAnswerBytes = 1024 * 1024

async function readBody(body: Dispatcher.ResponseData['body']): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body as AsyncIterable<Buffer>) {
    size += chunk.length
    if (size > maxAnswerBytes) throw new BpmnError('ANSWER_TOO_LARGE', `The answer is larger than ${maxAnswerBytes} bytes.`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parseBody(text: string, contentType: string | string[] | undefined): unknown {
  if (!/\bjson\b/i.test(String(contentType ?? ''))) return text
  try {
    return JSON.parse(text) as unknown
  } catch {
    // Labelled JSON but is not: the process gets the text and can look at it.
    return text
  }
}

/** `http.request`: only public or allow-listed hosts; the token's id travels as Idempotency-Key. A 5xx answer counts as a failed attempt. */
export function httpRequestTask(dispatcher: Dispatcher): Task {
  return remoteTask({
    type: 'http.request',
    title: 'Call an HTTP address',
    input: Type.Object({
      method: Type.Union([Type.Literal('GET'), Type.Literal('POST'), Type.Literal('PUT'), Type.Literal('PATCH'), Type.Literal('DELETE')]),
      url: Type.String({ pattern: '^https?://', maxLength: 4000 }),
      headers: Type.Optional(Type.Record(Type.String(), Type.String())),
      body: Type.Optional(Type.Unknown()),
      timeoutSeconds: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 60 })),
    }),
    output: Type.Object({ status: Type.Integer(), body: Type.Unknown() }),
    errors: ['HOST_NOT_ALLOWED', 'ANSWER_TOO_LARGE'],
    async run({ executionId, signal }, { method, url, headers, body, timeoutSeconds = 30 }) {
      const text = body === undefined || body === null ? null : typeof body === 'string' ? body : JSON.stringify(body)
      try {
        const answer = await request(url, {
          dispatcher,
          method,
          headers: {
            'user-agent': 'parley',
            'idempotency-key': executionId,
            ...(text !== null && typeof body !== 'string' ? { 'content-type': 'application/json' } : {}),
            ...headers,
          },
          body: text,
          signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutSeconds * 1000)]),
        })
        const content = parseBody(await readBody(answer.body), answer.headers['content-type'])
        if (answer.statusCode >= 500) throw new Error(`${new URL(url).host} answered ${answer.statusCode}`)
        return { status: answer.statusCode, body: content }
      } catch (error) {
        if (error instanceof AppError) throw new BpmnError(error.code, error.message)
        throw error
      }
    },
  })
}
