import { createServer, type Server, type Socket } from 'node:net'
import { Readable } from 'node:stream'
import t from 'tap'
import { createHttp, requestJson, TransportError } from '../../../src/modules/channels/adapters/http.ts'

/** A loopback server that does with a connection what the test says. */
async function listen(handle: (socket: Socket) => void): Promise<{ origin: string; port: number; server: Server }> {
  const server = createServer(handle)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0
  return { origin: `http://127.0.0.1:${port}`, port, server }
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()))
}

async function failureOf(promise: Promise<unknown>): Promise<TransportError> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  )
  if (!(error instanceof TransportError)) throw new Error('Expected a TransportError', { cause: error })
  return error
}

const post = (origin: string) => ({
  method: 'POST' as const,
  url: `${origin}/messages`,
  body: { type: 'json' as const, value: { text: 'hi' } },
})

t.test('nothing was written when there was no connection', async (t) => {
  const http = createHttp()
  t.teardown(() => http.close())
  const { origin, server } = await listen(() => undefined)
  await close(server)
  t.match(await failureOf(requestJson(http, post(origin))), { written: false, code: 'ECONNREFUSED' })
})

t.test('a connection that breaks after the request leaves the outcome open', async (t) => {
  const http = createHttp()
  const { origin, server } = await listen((socket) => socket.once('data', () => socket.destroy()))
  t.teardown(async () => {
    await http.close()
    await close(server)
  })
  t.match(await failureOf(requestJson(http, post(origin))), { written: true })
})

t.test('silence is a timeout with an open outcome', async (t) => {
  const http = createHttp({ answerTimeoutMs: 50 })
  const sockets: Socket[] = []
  const { origin, server } = await listen((socket) => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    socket.resume()
  })
  t.teardown(async () => {
    for (const socket of sockets) socket.destroy()
    await http.close()
    await close(server)
  })
  t.match(await failureOf(requestJson(http, post(origin))), { written: true, code: 'UND_ERR_HEADERS_TIMEOUT' })
})

t.test('an answer that breaks off is no answer', async (t) => {
  const http = createHttp()
  const { origin, server } = await listen((socket) =>
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{"id":', () => socket.destroy())
    }),
  )
  t.teardown(async () => {
    await http.close()
    await close(server)
  })
  t.match(await failureOf(requestJson(http, post(origin))), { written: true })
})

t.test('a file that breaks off while it is uploaded was never taken', async (t) => {
  const http = createHttp()
  const { origin, server } = await listen((socket) => {
    socket.on('error', () => undefined)
    socket.resume()
  })
  t.teardown(async () => {
    await http.close()
    await close(server)
  })
  async function* broken(): AsyncGenerator<Buffer> {
    yield Buffer.from('first half')
    throw new Error('disk error')
  }
  const file = { field: 'file', name: 'a.bin', type: 'application/octet-stream', size: 100, open: async () => Readable.from(broken()) }
  const upload = http.request({ method: 'POST', url: origin, body: { type: 'multipart', fields: [], files: [file] } })
  t.match(await failureOf(upload), { written: false })
  const short = { ...file, open: async () => Readable.from([Buffer.from('too short')]) }
  const other = http.request({ method: 'POST', url: origin, body: { type: 'multipart', fields: [], files: [short] } })
  t.match(await failureOf(other), { written: false }, 'fewer bytes than announced')
})

t.test('an answer that is not JSON has no json', async (t) => {
  const http = createHttp()
  const { origin, server } = await listen((socket) =>
    socket.once('data', () => socket.end('HTTP/1.1 502 Bad Gateway\r\ncontent-length: 6\r\nconnection: close\r\n\r\n<html>')),
  )
  t.teardown(async () => {
    await http.close()
    await close(server)
  })
  t.match(await requestJson(http, post(origin)), { status: 502, json: undefined })
})

t.test('an endless answer is cut off', async (t) => {
  const http = createHttp()
  const { origin, server } = await listen((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', () => socket.end(`HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n${' '.repeat(2 * 1024 * 1024)}`))
  })
  t.teardown(async () => {
    await http.close()
    await close(server)
  })
  t.match(await failureOf(requestJson(http, post(origin))), { written: true })
})
