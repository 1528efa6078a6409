import { AppError, conflict } from '../../platform/errors.ts'

const mebibyte = 1024 * 1024

/** Bytes for people: `340 bytes`, `1.5 MiB`. */
export function bytesText(bytes: number): string {
  if (bytes < 1024) return `${bytes} bytes`
  return bytes < mebibyte ? `${Math.round((bytes / 1024) * 10) / 10} KiB` : `${Math.round((bytes / mebibyte) * 10) / 10} MiB`
}

export const fileTooLarge = (name: string, limit: number) =>
  new AppError('FILE_TOO_LARGE', 413, `${name} is larger than ${bytesText(limit)}, the most a file may have.`, {
    details: { file: name, limit },
  })

export const fileTypeDenied = (name: string, extension: string) =>
  new AppError('FILE_TYPE_DENIED', 415, `${name} is not accepted: files of the type .${extension} are denied.`, {
    details: { file: name, extension },
  })

export const fileEmpty = (name: string) => new AppError('FILE_EMPTY', 422, `${name} is empty.`, { details: { file: name } })

export const fileMissing = () => new AppError('FILE_MISSING', 400, 'The form holds no file.')

export const notMultipart = () => new AppError('UNSUPPORTED_MEDIA_TYPE', 415, 'Upload a file as multipart/form-data.')

export const uploadCutOff = (cause: unknown) =>
  new AppError('UPLOAD_CUT_OFF', 400, 'The upload ended before the whole file was there.', { cause })

export const fileNotYours = (fileId: string) =>
  new AppError('FILE_NOT_FOUND', 422, `File ${fileId} is no upload of yours; upload it again.`, { details: { fileId } })

export const fileInUse = (name: string) =>
  conflict('FILE_IN_USE', `${name} belongs to another message already; upload it again.`, { file: name })

export const fileNotFailed = (state: string) => conflict('NOT_FAILED', `Only a failed file can be fetched again; this one is ${state}.`)

/** The disk or bucket did not take or give a file; what it said is the cause. */
export const storageUnavailable = (cause: unknown) =>
  new AppError('STORAGE_UNAVAILABLE', 503, 'Files cannot be stored at the moment. Try again soon.', { cause, expose: true })

export const tooManyFiles = (count: number, limit: number) =>
  new AppError('TOO_MANY_FILES', 422, `The message has ${count} files; it may have at most ${limit}.`, { details: { count, limit } })

export const fileNotReady = (name: string, reason: string | null) =>
  conflict('FILE_NOT_READY', reason === null ? `${name} is still being fetched.` : `${name} could not be had: ${reason}`, { file: name })
