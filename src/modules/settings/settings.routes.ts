import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { Page, Setting, SettingPut } from '../../contracts/index.ts'
import type { SettingsService } from './settings.service.ts'

const tags = ['Settings']

/** System settings: everybody reads them, administrators change them. */
export const settingRoutes =
  ({ settings }: { settings: SettingsService }): FastifyPluginAsyncTypebox =>
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
  }
