import { access, readFile } from 'node:fs/promises'
import path from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { sharedPlugin } from './plugin.ts'
import { handleNotFound } from './problems.ts'

export interface WebAppOptions {
  /** Folder of the built web app: index.html, and files with a hash in their names under assets/. */
  root: string
}

/** First parts of paths that belong to the server and never to the web app's own router. */
const serverPaths = new Set(['api', 'webhooks', 'healthz', 'readyz', 'metrics', 'assets'])

/**
 * Serves the built web app. Any GET by a browser for a page that no file or route has gets index.html, because the
 * web app has its own router. Files with a hash in their names may be kept for ever; all others are asked for again.
 * @throws Error when the folder has no index.html
 */
export const webApp = sharedPlugin<WebAppOptions>('web-app', async (app, { root }) => {
  const indexFile = path.join(root, 'index.html')
  await access(indexFile)
  const index = await readFile(indexFile)
  const sendIndex = (reply: FastifyReply) => reply.header('cache-control', 'no-cache').type('text/html; charset=utf-8').send(index)

  await app.register(fastifyStatic, {
    root,
    prefix: '/',
    index: false,
    cacheControl: false,
    schemaHide: true,
    setHeaders: (reply, file) => {
      const hashed = path.relative(root, file).split(path.sep)[0] === 'assets'
      reply.header('cache-control', hashed ? 'public, max-age=31536000, immutable' : 'no-cache')
    },
  })
  app.get('/', { schema: { hide: true } }, async (_request, reply) => sendIndex(reply))
  app.notFound.answer = (request, reply) => (wantsPage(request) ? sendIndex(reply) : handleNotFound(request, reply))
})

function wantsPage(request: FastifyRequest): boolean {
  if (request.method !== 'GET' && request.method !== 'HEAD') return false
  const [first = ''] = request.url.slice(1).split(/[/?#]/)
  return !serverPaths.has(first) && (request.headers.accept ?? '').includes('text/html')
}
