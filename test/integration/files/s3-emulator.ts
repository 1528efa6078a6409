import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

interface StoredObject {
  bytes: Buffer
  type: string
}

/** A loopback service that speaks as much S3 as storing, reading (also a range) and deleting one object needs. */
export class S3Emulator {
  readonly objects = new Map<string, StoredObject>()
  /** Methods and paths, in order. */
  readonly calls: string[] = []
  /** Answers of this status instead of doing anything, while set. */
  failWith: number | null = null
  origin = ''
  readonly #keyId: string
  readonly #server = createServer((request, response) => void this.#serve(request, response))

  constructor(keyId: string) {
    this.#keyId = keyId
  }

  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    this.origin = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = '', headers } = request
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://s3').pathname)
    this.calls.push(`${method} ${path}`)
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const refuse = (status: number, code: string) =>
      response.writeHead(status, { 'content-type': 'application/xml' }).end(`<?xml version="1.0"?><Error><Code>${code}</Code></Error>`)
    if (!headers.authorization?.startsWith(`AWS4-HMAC-SHA256 Credential=${this.#keyId}/`)) return void refuse(403, 'AccessDenied')
    if (this.failWith !== null) return void refuse(this.failWith, 'SlowDown')
    const body = Buffer.concat(chunks)
    if (method === 'PUT') {
      // A length has to be told beforehand: S3 takes no chunked bodies.
      if (Number(headers['content-length']) !== body.length) return void refuse(411, 'MissingContentLength')
      this.objects.set(path, { bytes: body, type: headers['content-type'] ?? '' })
      return void response.writeHead(200, { etag: '"1"' }).end()
    }
    if (method === 'DELETE') {
      this.objects.delete(path)
      return void response.writeHead(204).end()
    }
    const object = this.objects.get(path)
    if (!object) return void refuse(404, 'NoSuchKey')
    const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '') ?? []
    const part = from === undefined ? object.bytes : object.bytes.subarray(Number(from), Number(to) + 1)
    response.writeHead(from === undefined ? 200 : 206, { 'content-type': object.type, 'content-length': part.length }).end(part)
  }
}
