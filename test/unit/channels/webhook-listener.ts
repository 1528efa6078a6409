import { createServer, type IncomingHttpHeaders } from 'node:http'

export interface ReceivedWebhook {
  url: string
  headers: IncomingHttpHeaders
  body: string
}

export interface WebhookListener {
  origin: string
  received: ReceivedWebhook[]
  close(): Promise<void>
}

/** A loopback server that takes every webhook and keeps it. */
export async function listenForWebhooks(): Promise<WebhookListener> {
  const received: ReceivedWebhook[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      received.push({ url: request.url ?? '', headers: request.headers, body: Buffer.concat(chunks).toString('utf8') })
      response.end()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return {
    origin: `http://127.0.0.1:${port}`,
    received,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections()
        server.close(() => resolve())
      }),
  }
}
