import type { FailureCategory, SendFailure } from '../adapter.ts'
import { type FailureParts, failure } from '../failure.ts'
import type { GraphError } from '../meta/graph.ts'

const hour = 3_600_000

/** Codes of https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes by what to do about them. */
const codes: ReadonlyArray<readonly [FailureCategory, readonly number[]]> = [
  ['rate_limited', [4, 80007, 130429]],
  ['temporary', [1, 2, 131016, 131057, 133004]],
  ['account', [0, 3, 10, 33, 190, 368, 130497, 131005, 131031, 131037, 131042, 131045, 131048, 131064, 133010]],
  ['unreachable', [131026, 131021, 130403, 130472]],
  [
    'content',
    [100, 131008, 131009, 131051, 131052, 131053, 131062, 132000, 132001, 132005, 132007, 132012, 132015, 132016, 132068, 132069],
  ],
]
const categories = new Map(codes.flatMap(([category, list]) => list.map((code) => [code, category] as const)))

/** Codes whose treatment or wording their category does not give. */
const special = new Map<number, Partial<FailureParts> & Pick<FailureParts, 'category'>>([
  [131000, { category: 'temporary', maxAttempts: 4 }],
  // One customer gets about one message in six seconds; others are not held up.
  [131056, { category: 'rate_limited', scope: 'recipient', retryAfterMs: 6_000 }],
  [131047, { category: 'window_closed', reason: 'The customer last wrote more than 24 hours ago: WhatsApp delivers only templates now' }],
  [131050, { category: 'opted_out', reason: 'The customer does not want marketing messages of this business' }],
  [
    131049,
    {
      category: 'unreachable',
      retryAfterMs: 24 * hour,
      reason: 'WhatsApp held the message back to spare the customer; try again after a day',
    },
  ],
  [131026, { category: 'unreachable', reason: 'The number is not on WhatsApp or cannot receive this message' }],
  [130403, { category: 'unreachable', reason: 'This business has blocked the customer' }],
])

/** Classifies by code alone: status and subcode are no contract. */
export function whatsappFailure(error: GraphError): SendFailure {
  const parts = { code: `whatsapp.${error.code}`, reason: error.message }
  const rule = special.get(error.code)
  if (rule) return failure({ ...parts, ...rule })
  const category = categories.get(error.code)
  if (category) return failure({ ...parts, category })
  if (error.code >= 200 && error.code <= 299) return failure({ ...parts, category: 'account' })
  return failure({ ...parts, category: error.isTransient ? 'temporary' : 'unknown' })
}
