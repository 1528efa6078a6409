import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { UploadedFile } from '../../contracts/index.ts'
import { notFound } from '../../platform/errors.ts'
import type { FileLinks } from './file-links.ts'
import type { FileService } from './files.service.ts'
import { takeUpload } from './multipart-upload.ts'

export interface SimulatorFileDeps {
  files: FileService
  links: FileLinks
  /** Whether this is an enabled Simulator channel. */
  isSimulator(channelId: string): Promise<boolean>
}

/** Where the Simulator page uploads what a simulated customer will send; open to anybody, as the channel is. */
export const simulatorFileRoutes =
  ({ files, links, isSimulator }: SimulatorFileDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.post(
      '/webhooks/simulator/:channelId/files',
      {
        config: { public: true, rateLimit: { max: 120, timeWindow: '1 minute' } },
        schema: { hide: true, params: Type.Object({ channelId: Type.String() }), response: { 201: UploadedFile } },
      },
      async (request, reply) => {
        const { channelId } = request.params
        if (!(await isSimulator(channelId))) throw notFound(`Simulator channel ${channelId}`)
        const uploaded = await takeUpload(request, reply, (sent) => files.upload(sent, { channelId }))
        return reply.code(201).send({ ...uploaded, url: await links.pathOf(uploaded) })
      },
    )
  }
