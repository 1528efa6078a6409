/** What WhatsApp and Messenger share: Meta's webhook handshake and signature. */
import type { HttpAnswer, Verification, WebhookRequest } from '../adapter.ts'
import { header } from '../http.ts'
import { equalSecrets, hmac } from '../secrets.ts'

/** Meta signs the bytes it sends, escapes included (https://developers.facebook.com/docs/messenger-platform/webhooks). */
export function verifyMeta(request: WebhookRequest, appSecret: string): Verification {
  const given = header(request.headers, 'x-hub-signature-256')
  if (given === null) return { ok: false, status: 401, reason: 'The signature is missing' }
  const expected = `sha256=${hmac('sha256', appSecret, request.rawBody, 'hex')}`
  if (!equalSecrets(given, expected)) return { ok: false, status: 403, reason: 'The signature is wrong' }
  return { ok: true }
}

/** Answers the challenge when mode and token are right, else 403. */
export function answerHandshake(query: Record<string, string>, verifyToken: string): HttpAnswer {
  const challenge = query['hub.challenge']
  const token = query['hub.verify_token']
  if (query['hub.mode'] !== 'subscribe' || challenge === undefined || token === undefined || !equalSecrets(token, verifyToken)) {
    return { status: 403, contentType: 'text/plain', body: 'Forbidden' }
  }
  return { status: 200, contentType: 'text/plain', body: challenge }
}

/** What Meta expects to hear after a webhook. */
export function receivedAnswer(): HttpAnswer {
  return { status: 200, contentType: 'text/plain', body: 'EVENT_RECEIVED' }
}
