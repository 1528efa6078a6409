import type { MessageFile } from '../../contracts/chats.ts'
import type { UploadedFile } from '../../contracts/files.ts'
import { ApiError, NetworkError, request } from './client.ts'

export interface UploadOptions {
  /** Share of the bytes that are on the server, 0 to 1. */
  onProgress?: (share: number) => void
  signal?: AbortSignal
  /** Another place that takes files, such as the one of the Simulator. */
  path?: string
}

function answerOf(upload: XMLHttpRequest): Record<string, unknown> {
  const answer: unknown = upload.response
  // A proxy in between may answer with HTML or nothing; the status alone must do then.
  return typeof answer === 'object' && answer !== null ? (answer as Record<string, unknown>) : {}
}

/**
 * Uploads one file, telling how far it is (fetch cannot).
 * @throws ApiError 413 FILE_TOO_LARGE, 415 FILE_TYPE_DENIED, 422 FILE_EMPTY; NetworkError; the signal's reason when aborted.
 */
export function uploadFile(file: File, { onProgress, signal, path = '/api/files' }: UploadOptions = {}): Promise<UploadedFile> {
  const form = new FormData()
  form.append('file', file, file.name)
  const upload = new XMLHttpRequest()
  return new Promise((resolve, reject) => {
    upload.open('POST', path)
    upload.responseType = 'json'
    upload.setRequestHeader('accept', 'application/json')
    upload.upload.onprogress = (event) => {
      if (event.lengthComputable && event.total > 0) onProgress?.(event.loaded / event.total)
    }
    upload.onload = () => {
      if (upload.status < 300) resolve(upload.response as UploadedFile)
      else reject(new ApiError(upload.status, answerOf(upload), null))
    }
    upload.onerror = () => reject(new NetworkError(new Error('The upload got no answer')))
    upload.onabort = () => reject(signal?.reason ?? new NetworkError(new Error('The upload was broken off')))
    signal?.addEventListener('abort', () => upload.abort())
    upload.send(form)
  })
}

/** Has a customer's file that could not be fetched fetched again. @throws ApiError 409 NOT_FAILED. */
export async function retryFile(fileId: string): Promise<MessageFile> {
  return (await request<{ file: MessageFile }>('POST', `/api/files/${encodeURIComponent(fileId)}/retry`)).file
}
