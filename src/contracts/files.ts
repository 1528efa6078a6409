import { type Static, Type } from 'typebox'

/** A file that was taken in and belongs to no message yet. */
export const UploadedFile = Type.Object({
  id: Type.String(),
  name: Type.String(),
  size: Type.Integer({ description: 'Bytes' }),
  type: Type.String({ description: 'MIME type by the content' }),
  url: Type.String(),
})
export type UploadedFile = Static<typeof UploadedFile>
