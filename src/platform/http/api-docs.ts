import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import { sharedPlugin } from './plugin.ts'

export interface ApiDocsOptions {
  title: string
  description: string
  version: string
  publicUrl: string
  /** Name of the cookie that carries a session. */
  sessionCookie: string
}

/**
 * OpenAPI 3.1 of all routes under /api at /api/openapi.json, to be read at /api/docs. Both are public: they say how to
 * ask, not what is stored. Register it before the routes, which it collects.
 */
export const apiDocs = sharedPlugin<ApiDocsOptions>('api-docs', async (app, options) => {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: options.title, description: options.description, version: options.version },
      servers: [{ url: options.publicUrl }],
      components: {
        securitySchemes: {
          session: { type: 'apiKey', in: 'cookie', name: options.sessionCookie },
          token: { type: 'http', scheme: 'bearer' },
        },
      },
      security: [{ session: [] }, { token: [] }],
    },
    transform: ({ schema, url, route }) => {
      if (!url.startsWith('/api/')) return { schema: { ...schema, hide: true }, url }
      return { schema: route.config?.public ? { ...schema, security: [] } : schema, url }
    },
  })
  await app.register(async (docs) => {
    docs.addHook('onRoute', (route) => {
      route.config = { ...route.config, public: true }
    })
    docs.get('/api/openapi.json', { schema: { hide: true } }, () => app.swagger())
    await docs.register(swaggerUi, {
      routePrefix: '/api/docs',
      uiConfig: { deepLinking: true, persistAuthorization: false },
      // The page's own inline code is empty of scripts; only its styles are inline, which the policy allows.
      staticCSP: false,
    })
  })
})
