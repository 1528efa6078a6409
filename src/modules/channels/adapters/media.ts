import type { Readable } from 'node:stream'
import { MediaError } from './adapter.ts'
import { type HttpPort, type HttpResponse, header, TransportError } from './http.ts'

export interface FetchedMedia {
  stream: Readable
  /** Bytes by Content-Length, or null. */
  size: number | null
  type: string | null
}

export interface MediaRequest {
  url: string
  headers: Record<string, string>
  /** Whether a redirect may be followed to this address. It is called without `headers`: they carry our credentials. */
  follow?: (url: string) => boolean
}

/** Gets a file's bytes; follows one redirect where allowed. Throws MediaError. */
export async function fetchMedia(http: HttpPort, request: MediaRequest): Promise<FetchedMedia> {
  const response = await get(http, request.url, request.headers)
  const location = header(response.headers, 'location')
  if (response.status < 300 || response.status >= 400 || location === null) return openMedia(response)
  response.body.destroy()
  const target = URL.canParse(location, request.url) ? new URL(location, request.url).href : location
  if (!request.follow?.(target)) throw new MediaError('refused_host', 'The file is on a server that is not the provider’s')
  return openMedia(await get(http, target, {}))
}

async function get(http: HttpPort, url: string, headers: Record<string, string>): Promise<HttpResponse> {
  try {
    return await http.request({ method: 'GET', url, headers })
  } catch (error) {
    if (error instanceof TransportError) throw new MediaError('temporary', error.message, { cause: error })
    throw error
  }
}

function openMedia(response: HttpResponse): FetchedMedia {
  const { status, headers, body } = response
  if (status === 200) {
    const length = header(headers, 'content-length')
    return { stream: body, size: length === null ? null : Number(length), type: header(headers, 'content-type') }
  }
  body.destroy()
  throw new MediaError(codeOf(status), `The file server answered with status ${status}`)
}

function codeOf(status: number): MediaError['code'] {
  if (status === 401 || status === 403) return 'unauthorized'
  if (status === 404 || status === 410) return 'gone'
  return status === 413 ? 'too_large' : 'temporary'
}
