import { request } from 'undici'
import { TranslationError } from '../translator.ts'

const maxAnswerBytes = 4 * 1024 * 1024

export interface ProviderCall {
  /** Name of the provider, for messages. */
  provider: string
  url: string
  headers?: Record<string, string>
  /** Sent as JSON when an object, as a form when URLSearchParams. */
  body: object | URLSearchParams
  signal: AbortSignal
  /** Statuses, besides 429 and 5xx, that a later attempt may heal. */
  retryStatuses?: readonly number[]
}

/** Posts to a provider and answers its JSON. @throws TranslationError with the provider's own words */
export async function callProvider(call: ProviderCall): Promise<unknown> {
  const isForm = call.body instanceof URLSearchParams
  let status: number
  let text: string
  try {
    const answer = await request(call.url, {
      method: 'POST',
      headers: {
        'user-agent': 'parley',
        'content-type': isForm ? 'application/x-www-form-urlencoded' : 'application/json',
        ...call.headers,
      },
      body: isForm ? call.body.toString() : JSON.stringify(call.body),
      signal: call.signal,
    })
    status = answer.statusCode
    text = await readText(answer.body, call.provider)
  } catch (error) {
    if (error instanceof TranslationError) throw error
    throw new TranslationError(`${call.provider} cannot be reached`, { retry: true, cause: error })
  }
  const json = parse(text)
  if (status < 300 && json !== undefined) return json
  const retry = status === 429 || status >= 500 || status < 300 || (call.retryStatuses?.includes(status) ?? false)
  throw new TranslationError(`${call.provider} answered ${status}${describe(json)}`, { retry, status })
}

async function readText(body: AsyncIterable<Buffer>, provider: string): Promise<string> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of body) {
    size += chunk.length
    if (size > maxAnswerBytes) throw new TranslationError(`${provider} answered more than ${maxAnswerBytes} bytes`, { retry: false })
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown
  } catch {
    // A gateway's error page: the status alone tells what to do.
    return undefined
  }
}

/** The error text in the shapes the providers use: {error}, {message}, {error: {message}}. */
function describe(json: unknown): string {
  if (typeof json !== 'object' || json === null) return ''
  const { error, message } = json as { error?: unknown; message?: unknown }
  const inner = typeof error === 'object' && error !== null ? (error as { message?: unknown }).message : error
  const words = typeof inner === 'string' ? inner : typeof message === 'string' ? message : ''
  return words === '' ? '' : `: ${words.slice(0, 300)}`
}

/** Fails when the answer does not have a text for each text asked for. */
export function expectTexts<T>(provider: string, items: unknown, count: number, read: (item: unknown) => T | undefined): T[] {
  const list = Array.isArray(items) ? items.map(read) : []
  if (list.length !== count || list.some((item) => item === undefined)) {
    throw new TranslationError(`${provider} answered in an unknown form`, { retry: false })
  }
  return list as T[]
}

/** Reads a member of an unknown value. */
export function member(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[key] : undefined
}
