import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { MessageFile, UploadedFile } from '../../contracts/index.ts'
import { notFound } from '../../platform/errors.ts'
import type { FileLinks } from './file-links.ts'
import { sendFile } from './file-response.ts'
import type { FileService } from './files.service.ts'
import type { MediaService } from './media.service.ts'
import { assertMultipart, takeUpload } from './multipart-upload.ts'

export interface FileRouteDeps {
  files: FileService
  media: MediaService
  links: FileLinks
}

const Id = Type.Object({ id: Type.String({ format: 'uuid' }) })
const tags = ['Files']

/** Uploading files, reading them, and fetching a customer's file again. */
export const fileRoutes =
  ({ files, media, links }: FileRouteDeps): FastifyPluginAsyncTypebox =>
  async (app) => {
    app.post(
      '/api/files',
      {
        preValidation: async (request) => assertMultipart(request),
        schema: {
          tags,
          summary: 'Upload one file (multipart/form-data)',
          consumes: ['multipart/form-data'],
          // For the documentation: the form is read as a stream and never parsed into a body.
          body: Type.Optional(Type.Object({ file: Type.String({ format: 'binary' }) })),
          response: { 201: UploadedFile },
        },
      },
      async (request, reply) => {
        const uploaded = await takeUpload(request, reply, (sent) => files.upload(sent, { agentId: request.agent.id }))
        return reply.code(201).send(uploaded)
      },
    )

    app.get(
      '/api/files/:id',
      {
        schema: { tags, summary: 'The bytes of a file', params: Id, querystring: Type.Object({ download: Type.Optional(Type.String()) }) },
      },
      async (request, reply) => {
        const file = await files.readable(request.agent, request.params.id)
        return sendFile(request, reply, files, file, { download: request.query.download !== undefined })
      },
    )

    app.post(
      '/api/files/:id/retry',
      { schema: { tags, summary: 'Fetch a failed file again', params: Id, response: { 200: Type.Object({ file: MessageFile }) } } },
      async (request) => {
        await files.assertVisible(request.agent, request.params.id)
        return { file: await media.retry(request.params.id) }
      },
    )

    app.get(
      '/files/public/:token/:name',
      { config: { public: true }, schema: { hide: true, params: Type.Object({ token: Type.String(), name: Type.String() }) } },
      async (request, reply) => {
        const fileId = await links.open(request.params.token)
        if (fileId === null) throw notFound('This address')
        return sendFile(request, reply, files, await files.shared(fileId), { download: false })
      },
    )
  }
