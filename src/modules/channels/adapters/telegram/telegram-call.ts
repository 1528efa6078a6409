import { type ChannelAccount, ProviderCallError } from '../adapter.ts'
import { transportFailure } from '../failure.ts'
import { type HttpBody, type HttpPort, type JsonAnswer, requestJson } from '../http.ts'
import { type Json, obj } from '../json.ts'
import { methodUrl } from './telegram-config.ts'
import { telegramFailure } from './telegram-errors.ts'

/** The `result` of a successful answer, undefined of a failed one. */
export function resultOf(answer: JsonAnswer): unknown {
  const body = obj(answer.json)
  return body?.ok === true ? body.result : undefined
}

/** Calls a Bot API method and gives the whole answer. Throws TransportError. */
export function callTelegram(account: ChannelAccount, http: HttpPort, method: string, body: HttpBody): Promise<JsonAnswer> {
  return requestJson(http, { method: 'POST', url: methodUrl(account, method), body })
}

/** Calls a method that sends no message and gives its result. Throws ProviderCallError. */
export async function askTelegram(account: ChannelAccount, http: HttpPort, method: string, params: Json = {}): Promise<unknown> {
  let answer: JsonAnswer
  try {
    answer = await callTelegram(account, http, method, { type: 'json', value: params })
  } catch (error) {
    throw new ProviderCallError(transportFailure(error, false))
  }
  const result = resultOf(answer)
  if (result === undefined) throw new ProviderCallError(telegramFailure(answer))
  return result
}
