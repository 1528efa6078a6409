import path from 'node:path'
import multipart from '@fastify/multipart'
import type { Container } from './container.ts'
import { agentRoutes, authenticate, SESSION_COOKIE } from './modules/agents/index.ts'
import { caseRoutes } from './modules/cases/index.ts'
import { channelRoutes, simulatorRoutes, webhookRoutes } from './modules/channels/index.ts'
import { chatRoutes } from './modules/chats/index.ts'
import { contactRoutes } from './modules/contacts/index.ts'
import { fileRoutes, simulatorFileRoutes } from './modules/files/index.ts'
import { quickActionRoutes } from './modules/quick-actions/index.ts'
import { reportRoutes } from './modules/reports/index.ts'
import { queueRoutes } from './modules/routing/index.ts'
import { settingRoutes } from './modules/settings/index.ts'
import { templateRoutes } from './modules/templates/index.ts'
import { translationRoutes } from './modules/translation/index.ts'
import { workflowRoutes } from './modules/workflow/index.ts'
import { idempotency } from './platform/http/idempotency.ts'
import { createHttpServer, type HttpServer } from './platform/http/server.ts'
import { webApp } from './platform/http/web.ts'
import { realtimeRoutes } from './realtime/index.ts'

const mebibyte = 1024 * 1024

export interface AppOptions {
  /** Folder of the built web app; null leaves it out. */
  webRoot: string | null
}

export const defaultWebRoot = path.resolve(import.meta.dirname, '../dist/web')

/** The Fastify app with every route of Parley; listens to nothing yet. */
export async function buildApp(container: Container, options: AppOptions): Promise<HttpServer> {
  const { config, agents, metrics } = container
  const app = createHttpServer({
    log: container.pino,
    publicUrl: config.publicUrl,
    isReady: () => container.isReady(),
    docs: {
      title: 'Parley',
      description: 'Omnichannel chats run by BPMN processes. WebSocket: /api/realtime.',
      version: '0.1.0',
      sessionCookie: SESSION_COOKIE,
    },
  })
  await app.register(authenticate, { agents, publicUrl: config.publicUrl })
  await app.register(idempotency, {
    database: container.database,
    clock: container.clock,
    ownerOf: (request) => request.agentOrNull?.id ?? null,
  })
  await app.register(multipart, { limits: { fileSize: 4 * mebibyte, files: 10, parts: 20 } })
  await app.register(agentRoutes({ agents, publicUrl: config.publicUrl }))
  await app.register(queueRoutes(container.queueRouteDeps))
  await app.register(chatRoutes(container.chatRouteDeps))
  await app.register(quickActionRoutes(container.quickActionRouteDeps))
  await app.register(contactRoutes(container.contactRouteDeps))
  await app.register(caseRoutes(container.cases))
  await app.register(templateRoutes(container.templates))
  await app.register(
    translationRoutes({
      translation: container.translation,
      assertVisible: (agent, chatId) => container.chatRouteDeps.chats.assertVisible(agent, chatId),
      assertMayAct: (agent, chatId) => container.chatRouteDeps.chats.assertMayAct(agent, chatId),
    }),
  )
  await app.register(reportRoutes({ database: container.database, clock: container.clock }))
  await app.register(workflowRoutes(container.workflowRouteDeps))
  await app.register(
    channelRoutes({
      channels: container.channels,
      database: container.database,
      assertVisible: (agent, chatId) => container.chatRouteDeps.chats.assertVisible(agent, chatId),
    }),
  )
  await app.register(
    simulatorRoutes({
      database: container.database,
      directory: container.directory,
      isTyping: (chatId) => container.typing.isTyping(chatId),
      filesOf: (messageIds) => container.files.channel.shown(messageIds),
    }),
  )
  await app.register(
    webhookRoutes({
      directory: container.directory,
      inbound: container.inbound,
      heard: (channelId) => container.channelHealth.heard(channelId),
      counters: { refused: metrics.webhooksRefused, events: metrics.webhookEvents },
    }),
  )
  await app.register(settingRoutes({ settings: container.settings, database: container.database }))
  await app.register(fileRoutes({ files: container.files.service, media: container.files.media, links: container.files.links }))
  await app.register(
    simulatorFileRoutes({
      files: container.files.service,
      links: container.files.links,
      async isSimulator(channelId) {
        const channel = await container.directory.find(channelId)
        return channel?.account.kind === 'simulator' && channel.enabled
      },
    }),
  )
  await app.register(realtimeRoutes(container.realtimeDeps))
  app.get('/metrics', { schema: { hide: true } }, async (_request, reply) => {
    metrics.connections.set(container.hub.size)
    return reply.type(metrics.registry.contentType).send(await metrics.registry.metrics())
  })
  if (options.webRoot !== null) await app.register(webApp, { root: options.webRoot })
  return app
}
