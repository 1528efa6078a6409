import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { Page, Setting, SettingPut } from '../../contracts/index.ts'
import { rawBody } from '../../platform/http/raw-body.ts'
import type { ParleyDatabase } from '../../schema.ts'
import { maxSoundBytes, readNotificationSound, saveNotificationSound } from './notification-sound.ts'
import type { SettingsService } from './settings.service.ts'

const tags = ['Settings']

/** System settings: everybody reads them, administrators change them. */
export const settingRoutes =
  ({ settings, database }: { settings: SettingsService; database: ParleyDatabase }): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.get('/api/settings', { schema: { tags, response: { 200: Page(Setting) } } }, async () => ({
      items: await settings.list(),
      nextCursor: null,
    }))

    app.put(
      '/api/settings/:code',
      {
        config: { role: 'admin' },
        schema: { tags, params: Type.Object({ code: Type.String() }), body: SettingPut, response: { 200: Setting } },
      },
      async (request) => settings.put(request.params.code, request.body.value, request.agent.id),
    )

    app.get('/api/settings/NotificationSound/file', { schema: { tags } }, async (_request, reply) => {
      const { type, bytes } = await readNotificationSound(database)
      return reply.type(type).header('cache-control', 'private, max-age=300').send(bytes)
    })

    await app.register(async (upload) => {
      await upload.register(rawBody)
      upload.put(
        '/api/settings/NotificationSound/file',
        {
          config: { role: 'admin' },
          bodyLimit: maxSoundBytes,
          schema: { tags, description: 'The body is the sound; NotificationSound is custom from then on.' },
        },
        async (request) => {
          const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
          const saved = await saveNotificationSound(database, bytes, request.agent.id)
          await settings.put('NotificationSound', 'custom', request.agent.id)
          return saved
        },
      )
    })
  }
