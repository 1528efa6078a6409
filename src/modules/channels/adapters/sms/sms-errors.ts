import type { SendFailure } from '../adapter.ts'
import { type FailureParts, failure, statusFailure } from '../failure.ts'
import type { JsonAnswer } from '../http.ts'
import { num, obj, text } from '../json.ts'

type Rule = Partial<Omit<FailureParts, 'code'>> & Pick<FailureParts, 'category'>

/** Codes of https://www.twilio.com/docs/api/errors by what to do about them. */
const rules = new Map<number, Rule>([
  [20429, { category: 'rate_limited' }],
  [20500, { category: 'temporary' }],
  [30001, { category: 'temporary', reason: 'The queue of the sending number is full' }],
  [30003, { category: 'unreachable', retry: true, maxAttempts: 3, reason: 'The phone is switched off or out of reach' }],
  [30008, { category: 'unknown', retry: true, maxAttempts: 2, reason: 'The carrier gave no reason' }],
  [30017, { category: 'temporary', reason: "The carrier's network is congested" }],
  [30500, { category: 'temporary' }],
  [21610, { category: 'opted_out', reason: 'The customer has unsubscribed (STOP) from this number' }],
  [21211, { category: 'unreachable', reason: 'The phone number is not valid' }],
  [21614, { category: 'unreachable', reason: 'The number is not a mobile number' }],
  [21635, { category: 'unreachable', reason: 'The number is a landline' }],
  [30004, { category: 'unreachable', reason: 'The number is blocked for messages' }],
  [30005, { category: 'unreachable', reason: 'The number does not exist or is not reachable any more' }],
  [30006, { category: 'unreachable', reason: 'The number is a landline or its carrier takes no SMS' }],
  [30007, { category: 'content', reason: 'The carrier filtered the message' }],
  [21617, { category: 'content', reason: 'The text is longer than 1600 characters' }],
  [21623, { category: 'content', reason: 'The message has more than 10 files' }],
  [30034, { category: 'content', reason: 'The sending number is not registered with the carriers (A2P 10DLC)' }],
  [20003, { category: 'account', reason: 'Twilio does not accept the account SID and auth token' }],
  [20404, { category: 'account' }],
  [21606, { category: 'account', reason: 'The sending number cannot send this message' }],
  [21659, { category: 'account', reason: 'The sending number does not belong to the account' }],
  [30002, { category: 'account', reason: 'The Twilio account is suspended' }],
  [21408, { category: 'account', scope: 'recipient', reason: 'Sending to this country is not enabled for the account' }],
])

/** Classifies a Twilio error code; `message` is Twilio's own text, if it sent one. */
export function twilioFailure(code: number, message: string | null): SendFailure {
  const parts = { code: `twilio.${code}`, reason: message ?? `Twilio error ${code}` }
  return failure({ ...parts, ...(rules.get(code) ?? { category: 'unknown' }) })
}

/** Classifies an answer that is not 201: by its error code, and by the HTTP status where the code tells nothing. */
export function twilioAnswerFailure(answer: JsonAnswer): SendFailure {
  const body = obj(answer.json)
  const code = num(body?.code)
  const byStatus = statusFailure('twilio', answer.status, answer.headers)
  if (code === null) return byStatus
  const byCode = twilioFailure(code, text(body?.message))
  if (byCode.category === 'unknown' && byStatus.category !== 'unknown') return { ...byStatus, code: byCode.code, reason: byCode.reason }
  if (byCode.category === 'unknown' && answer.status < 500) return { ...byCode, category: 'content' }
  return { ...byCode, retryAfterMs: byCode.retryAfterMs ?? byStatus.retryAfterMs }
}
