import { IconAlertTriangle, IconFile, IconLoader2 } from '@tabler/icons-react'
import type { MessageFile } from '../../contracts/chats.ts'
import classes from './files.module.css'

const texts = {
  filePending: 'being fetched',
  fileFailed: 'could not be fetched',
  image: (name: string) => `Image ${name}`,
}

/** Types a browser shows in an <img> without running anything. */
const previewed = /^image\/(png|jpe?g|gif|webp|avif)$/

const units = ['B', 'KB', 'MB', 'GB']

/** Bytes for people: `340 B`, `1.2 MB`. */
export function fileSize(bytes: number): string {
  const step = bytes < 1024 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(bytes) / 10))
  const value = bytes / 1024 ** step
  return `${value >= 10 || step === 0 ? Math.round(value) : value.toFixed(1)} ${units[step]}`
}

/** The files of a message: images as previews, the rest as links; what is not here yet says so. */
export function Files({ files }: { files: readonly MessageFile[] }) {
  if (files.length === 0) return null
  return (
    <ul className={classes.files}>
      {files.map((file) => (
        <li key={file.id}>{file.state === 'ready' ? <ReadyFile file={file} /> : <AbsentFile file={file} />}</li>
      ))}
    </ul>
  )
}

function ReadyFile({ file }: { file: MessageFile }) {
  if (previewed.test(file.type)) {
    return (
      <a className={classes.preview} href={file.url} target="_blank" rel="noopener noreferrer">
        <img src={file.url} alt={texts.image(file.name)} loading="lazy" />
      </a>
    )
  }
  return (
    <a className={classes.chip} href={file.url} target="_blank" rel="noopener noreferrer" download={file.name}>
      <IconFile size={18} stroke={1.7} aria-hidden />
      <span className={classes.name}>{file.name}</span>
      {file.size !== null && <span className={classes.size}>{fileSize(file.size)}</span>}
    </a>
  )
}

function AbsentFile({ file }: { file: MessageFile }) {
  const isPending = file.state === 'pending'
  return (
    <span className={classes.chip} data-failed={!isPending || undefined}>
      {isPending ? <IconLoader2 size={18} className={classes.spin} aria-hidden /> : <IconAlertTriangle size={18} aria-hidden />}
      <span className={classes.name}>{file.name}</span>
      <span className={classes.size}>{isPending ? texts.filePending : texts.fileFailed}</span>
    </span>
  )
}
