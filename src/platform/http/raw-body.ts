import { sharedPlugin } from './plugin.ts'

/**
 * Within the plugin that registers it, `request.body` is the body as it came, a Buffer, whatever its content type:
 * signatures are computed over those bytes. Without a body it is undefined.
 */
export const rawBody = sharedPlugin('raw-body', async (app) => {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
})
