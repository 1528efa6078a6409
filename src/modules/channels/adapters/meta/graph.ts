import { apiOrigin } from '../account.ts'
import { ProviderCallError, type SendFailure } from '../adapter.ts'
import { statusFailure, transportFailure } from '../failure.ts'
import { type HttpBody, type HttpPort, type JsonAnswer, requestJson } from '../http.ts'
import { type Json, num, obj, str, text } from '../json.ts'

/** Where and as whom the Graph API is called. */
export interface GraphAccess {
  apiBaseUrl?: string
  apiVersion?: string
  token: string
  /** Turns an error object into a failure by the product's own table. */
  classify: (error: GraphError) => SendFailure
  provider: 'whatsapp' | 'messenger'
}

/** The `error` object of a Graph answer or of a status webhook. */
export interface GraphError {
  code: number
  subcode: number | null
  message: string
  isTransient: boolean
}

const defaultVersion = 'v25.0'

/** Address of a Graph API path such as `<page id>/messages`. */
export function graphUrl(access: Pick<GraphAccess, 'apiBaseUrl' | 'apiVersion'>, path: string): string {
  return `${apiOrigin(access, 'https://graph.facebook.com')}/${access.apiVersion ?? defaultVersion}/${path}`
}

/** Bearer header; kept out of the address so that it ends in no log. */
export function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` }
}

/** Calls the Graph API and gives the whole answer. Throws TransportError. */
export function callGraph(
  access: GraphAccess,
  http: HttpPort,
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  body?: HttpBody,
): Promise<JsonAnswer> {
  return requestJson(http, { method, url: graphUrl(access, path), headers: bearer(access.token), ...(body ? { body } : {}) })
}

/** A call that sends no message. Throws ProviderCallError. */
export async function askGraph(
  access: GraphAccess,
  http: HttpPort,
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  body?: HttpBody,
): Promise<Json> {
  let answer: JsonAnswer
  try {
    answer = await callGraph(access, http, method, path, body)
  } catch (error) {
    throw new ProviderCallError(transportFailure(error, false))
  }
  const result = obj(answer.json)
  if (!result || answer.status >= 400 || result.error !== undefined) throw new ProviderCallError(graphFailure(access, answer))
  return result
}

/** Classifies a failed answer: by its error code, and by the HTTP status only when there is none. */
export function graphFailure(access: Pick<GraphAccess, 'classify' | 'provider'>, answer: JsonAnswer): SendFailure {
  const error = graphError(obj(answer.json)?.error)
  return error ? access.classify(error) : statusFailure(access.provider, answer.status, answer.headers)
}

/** Reads an error object; null when there is no code in it. */
export function graphError(value: unknown): GraphError | null {
  const error = obj(value)
  const code = num(error?.code)
  if (!error || code === null) return null
  const details = text(obj(error.error_data)?.details)
  const message = details ?? str(error.message) ?? text(error.title) ?? `Error ${code}`
  return { code, subcode: num(error.error_subcode), message, isTransient: error.is_transient === true }
}
