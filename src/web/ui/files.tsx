import { Button } from '@mantine/core'
import { IconAlertTriangle, IconDownload, IconFile, IconLoader2 } from '@tabler/icons-react'
import type { MessageFile } from '../../contracts/chats.ts'
import { fileSize } from './file-size.ts'
import classes from './files.module.css'

const texts = {
  filePending: 'being fetched',
  fileFailed: 'could not be fetched',
  tryAgain: 'Try again',
  retry: (name: string) => `Fetch ${name} again`,
  image: (name: string) => `Image ${name}`,
  download: (name: string) => `Download ${name}`,
}

/** Types a browser shows in an <img> without running anything. */
const previewed = /^image\/(png|jpe?g|gif|webp|avif)$/

/** Where the server gives the bytes as a download, not in place. */
const downloadUrl = (url: string) => (url.startsWith('/api/') ? `${url}${url.includes('?') ? '&' : '?'}download` : url)

export interface FilesProps {
  files: readonly MessageFile[]
  /** Has a file that could not be fetched fetched again; absent = nobody here may. */
  onRetry?: ((fileId: string) => void) | undefined
}

/** The files of a message: images as previews, the rest as links; what is not here yet says so. */
export function Files({ files, onRetry }: FilesProps) {
  if (files.length === 0) return null
  return (
    <ul className={classes.files}>
      {files.map((file) => (
        <li key={file.id}>{file.state === 'ready' ? <ReadyFile file={file} /> : <AbsentFile file={file} onRetry={onRetry} />}</li>
      ))}
    </ul>
  )
}

function ReadyFile({ file }: { file: MessageFile }) {
  if (previewed.test(file.type)) {
    return (
      <figure className={classes.figure}>
        <a className={classes.preview} href={file.url} target="_blank" rel="noopener noreferrer">
          <img src={file.url} alt={texts.image(file.name)} loading="lazy" />
        </a>
        <figcaption className={classes.caption}>
          <a href={downloadUrl(file.url)} download={file.name} aria-label={texts.download(file.name)}>
            <IconDownload size={14} aria-hidden />
            <span className={classes.name}>{file.name}</span>
          </a>
          {file.size !== null && <span className={classes.size}>{fileSize(file.size)}</span>}
        </figcaption>
      </figure>
    )
  }
  return (
    <a className={classes.chip} href={downloadUrl(file.url)} rel="noopener noreferrer" download={file.name}>
      <IconFile size={18} stroke={1.7} aria-hidden />
      <span className={classes.name}>{file.name}</span>
      {file.size !== null && <span className={classes.size}>{fileSize(file.size)}</span>}
    </a>
  )
}

function AbsentFile({ file, onRetry }: { file: MessageFile; onRetry: FilesProps['onRetry'] }) {
  const isPending = file.state === 'pending'
  return (
    <div className={classes.absent} data-failed={!isPending || undefined}>
      <span className={classes.chip} data-failed={!isPending || undefined}>
        {isPending ? <IconLoader2 size={18} className={classes.spin} aria-hidden /> : <IconAlertTriangle size={18} aria-hidden />}
        <span className={classes.name}>{file.name}</span>
        <span className={classes.size}>{isPending ? texts.filePending : texts.fileFailed}</span>
      </span>
      {!isPending && (
        <div className={classes.why}>
          {file.failureReason}
          {onRetry && (
            <Button size="compact-xs" variant="default" aria-label={texts.retry(file.name)} onClick={() => onRetry(file.id)}>
              {texts.tryAgain}
            </Button>
          )}
        </div>
      )}
    </div>
  )
}
