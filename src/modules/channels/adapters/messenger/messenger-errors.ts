import type { FailureCategory, SendFailure } from '../adapter.ts'
import { failure } from '../failure.ts'
import type { GraphError } from '../meta/graph.ts'

/** Subcodes of https://developers.facebook.com/docs/messenger-platform/error-codes that decide before the code does. */
const bySubcode = new Map<number, FailureCategory>([
  [2018278, 'window_closed'],
  [2534022, 'window_closed'],
  [2018065, 'window_closed'],
  [1545041, 'unreachable'],
  [2018108, 'unreachable'],
  [2018001, 'unreachable'],
  [2018047, 'content'],
])

const byCode = new Map<number, FailureCategory>([
  [1, 'temporary'],
  [2, 'temporary'],
  [1200, 'temporary'],
  [4, 'rate_limited'],
  [17, 'rate_limited'],
  [32, 'rate_limited'],
  [613, 'rate_limited'],
  [551, 'unreachable'],
  [100, 'content'],
  [190, 'account'],
  [10, 'account'],
  [200, 'account'],
  [230, 'account'],
  [368, 'account'],
])

const reasons: Partial<Record<FailureCategory, string>> = {
  window_closed: "The customer's last message is too long ago: Messenger does not allow an answer any more",
  unreachable: 'The customer cannot be reached: they left, blocked the page or turned messages off',
}

/** Classifies by subcode, then code; `is_transient` makes an unknown error worth another attempt. */
export function messengerFailure(error: GraphError): SendFailure {
  const category = (error.subcode === null ? undefined : bySubcode.get(error.subcode)) ?? byCode.get(error.code)
  const code = `messenger.${error.code}${error.subcode === null ? '' : `/${error.subcode}`}`
  if (!category) return failure({ category: error.isTransient ? 'temporary' : 'unknown', code, reason: error.message })
  // Code 2 is also what a page hears whose customer has blocked it.
  const maxAttempts = error.code === 2 ? 4 : null
  const retry = error.isTransient ? { retry: true } : {}
  return failure({ category, code, reason: reasons[category] ?? error.message, maxAttempts, ...retry })
}
