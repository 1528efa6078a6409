import { ChannelFiles } from './channel-files.service.ts'
import { type FileLinkOptions, FileLinks } from './file-links.ts'
import { FileService, type FileServiceOptions } from './files.service.ts'
import { Intake } from './intake.ts'
import { MediaService, type MediaServiceOptions } from './media.service.ts'

export interface FilesOptions
  extends Omit<FileServiceOptions, 'intake'>,
    Omit<MediaServiceOptions, 'intake' | 'rules'>,
    Omit<FileLinkOptions, 'database' | 'clock'> {
  /** Folder of this machine where files are while they come in. */
  stagingFolder: string
  /** Origin under which providers reach this server; null when they cannot. */
  publicUrl: string | null
}

/** The services of the module, tied together. */
export function createFiles(options: FilesOptions) {
  const intake = new Intake(options.stagingFolder)
  const service = new FileService({ ...options, intake })
  const links = new FileLinks(options)
  const media = new MediaService({ ...options, intake, rules: () => service.rules() })
  const channel = new ChannelFiles({ ...options, files: service, links })
  return { service, links, media, channel }
}

export type Files = ReturnType<typeof createFiles>
