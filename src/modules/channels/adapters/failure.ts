import { StoredFileMissing } from '../../../platform/files/storage.types.ts'
import type { SendFailure } from './adapter.ts'
import { type HttpResponse, retryAfterMs, TransportError } from './http.ts'

export type FailureParts = Pick<SendFailure, 'category' | 'code' | 'reason'> & Partial<Omit<SendFailure, 'ok'>>

/** A SendFailure from its category: what is retried and what is out of order follows unless said otherwise. */
export function failure(parts: FailureParts): SendFailure {
  const retry = parts.category === 'network' || parts.category === 'temporary' || parts.category === 'rate_limited'
  return { ok: false, retry, retryAfterMs: null, maxAttempts: null, uncertain: false, scope: defaultScope(parts.category), ...parts }
}

function defaultScope(category: SendFailure['category']): SendFailure['scope'] {
  switch (category) {
    case 'account':
    case 'rate_limited':
      return 'channel'
    case 'opted_out':
    case 'unreachable':
    case 'window_closed':
      return 'recipient'
    case 'network':
    case 'temporary':
    case 'content':
    case 'unknown':
      return 'message'
  }
}

/**
 * The failure behind an exception of a provider call. `creates` false is for calls that are harmless to repeat
 * (uploads, look-ups): they are never uncertain. Rethrows what is neither of the network nor of a lost file.
 */
export function transportFailure(error: unknown, creates = true): SendFailure {
  if (error instanceof StoredFileMissing) {
    return failure({ category: 'content', code: 'file.lost', reason: 'The content of a file is lost; send the message without it' })
  }
  if (!(error instanceof TransportError)) throw error
  return failure({ category: 'network', code: `network.${error.code}`, reason: error.message, uncertain: error.written && creates })
}

/** Decides by the HTTP status alone, for answers whose body tells nothing. */
export function statusFailure(provider: string, status: number, headers: HttpResponse['headers']): SendFailure {
  const code = `${provider}.http_${status}`
  const reason = `The provider answered with status ${status}`
  if (status < 400) {
    return failure({ category: 'unknown', code, reason: `${reason} and nothing that can be understood`, uncertain: true })
  }
  if (status === 429) return failure({ category: 'rate_limited', code, reason, retryAfterMs: retryAfterMs(headers) })
  // A gateway in front of the provider may give up on a request that goes through after all.
  if (status === 502 || status === 504) return failure({ category: 'temporary', code, reason, uncertain: true })
  if (status >= 500 || status === 408) {
    return failure({ category: 'temporary', code, reason, retryAfterMs: retryAfterMs(headers) })
  }
  if (status === 401 || status === 403) return failure({ category: 'account', code, reason })
  return failure({ category: 'unknown', code, reason })
}
