import type { SendFailure } from '../adapter.ts'
import { failure, statusFailure } from '../failure.ts'
import type { JsonAnswer } from '../http.ts'
import { num, obj, str } from '../json.ts'

/** Descriptions behind error 400 that are about the recipient; matched after the "Bad Request: " prefix, in lower case. */
const unreachable = [
  'chat not found',
  'peer_id_invalid',
  'user not found',
  'user_id_invalid',
  'group chat was deactivated',
  'chat_write_forbidden',
]

/** Classifies an answer with `ok: false` (codes of https://core.telegram.org/bots/api#making-requests). */
export function telegramFailure(answer: JsonAnswer): SendFailure {
  const body = obj(answer.json)
  const errorCode = num(body?.error_code)
  if (!body || errorCode === null) return statusFailure('telegram', answer.status, answer.headers)
  const description = str(body.description) ?? `Error ${errorCode}`
  const parts = { code: `telegram.${errorCode}`, reason: description }
  if (errorCode === 429) {
    const seconds = num(obj(body.parameters)?.retry_after)
    return failure({ ...parts, category: 'rate_limited', retryAfterMs: seconds === null ? null : seconds * 1000 })
  }
  if (errorCode >= 500) return failure({ ...parts, category: 'temporary' })
  if (errorCode === 401 || errorCode === 404) {
    return failure({ ...parts, category: 'account', reason: `Telegram does not accept the bot token (${description})` })
  }
  if (errorCode === 409) return failure({ ...parts, category: 'account' })
  if (errorCode === 403) return failure({ ...parts, category: 'unreachable', reason: forbidden(description) })
  const detail = description.replace(/^bad request:\s*/i, '').toLowerCase()
  if (unreachable.some((prefix) => detail.startsWith(prefix))) return failure({ ...parts, category: 'unreachable' })
  return failure({ ...parts, category: 'content' })
}

function forbidden(description: string): string {
  const detail = description.replace(/^forbidden:\s*/i, '').toLowerCase()
  if (detail.startsWith('bot was blocked')) return 'The customer has blocked the bot'
  if (detail.startsWith('user is deactivated')) return "The customer's Telegram account no longer exists"
  if (detail.startsWith("bot can't initiate")) return 'Telegram lets the bot write only after the customer has started it'
  if (detail.startsWith('bot was kicked')) return 'The bot was removed from the group'
  return description
}

/** Chat id that a group was moved to, from the error that tells so; null for every other answer. */
export function migratedTo(answer: JsonAnswer): string | null {
  const target = num(obj(obj(answer.json)?.parameters)?.migrate_to_chat_id)
  return target === null ? null : String(target)
}

/** True when Telegram refuses a file as a photo that it would take as a document. */
export function isPhotoRefusal(answer: JsonAnswer): boolean {
  const description = (str(obj(answer.json)?.description) ?? '').toUpperCase()
  return ['PHOTO_INVALID_DIMENSIONS', 'PHOTO_SAVE_FILE_INVALID', 'PHOTO_EXT_INVALID', 'IMAGE_PROCESS_FAILED'].some((word) =>
    description.includes(word),
  )
}
