import { Button, CloseButton } from '@mantine/core'
import { IconAlertTriangle, IconFile } from '@tabler/icons-react'
import { fileSize } from '../ui/file-size.ts'
import classes from './attachment-list.module.css'
import { texts } from './texts.ts'
import type { Upload } from './uploads.ts'
import type { Attachments } from './use-attachments.ts'

const previewed = /^image\/(png|jpeg|gif|webp)$/

/** What will be sent with the message, what is still on its way, and what was refused and why. */
export function AttachmentList({ attachments }: { attachments: Attachments }) {
  const { ready, underWay, refusals } = attachments
  return (
    <>
      {refusals.length > 0 && (
        <div className={classes.refusals} role="alert">
          <IconAlertTriangle size={16} aria-hidden />
          <ul>
            {refusals.map((reason) => (
              <li key={reason}>{reason}</li>
            ))}
          </ul>
          <CloseButton size="sm" onClick={attachments.clearRefusals} aria-label={texts.dismiss} />
        </div>
      )}
      {ready.length + underWay.length > 0 && (
        <ul className={classes.list} aria-label={texts.attachments}>
          {ready.map((file) => (
            <li key={file.id} className={classes.chip}>
              {previewed.test(file.type) ? (
                <img className={classes.thumb} src={file.url} alt="" />
              ) : (
                <IconFile size={20} stroke={1.7} aria-hidden />
              )}
              <span className={classes.name}>{file.name}</span>
              <span className={classes.size}>{fileSize(file.size)}</span>
              <CloseButton size="sm" onClick={() => attachments.removeReady(file.id)} aria-label={texts.removeFile(file.name)} />
            </li>
          ))}
          {underWay.map((upload) => (
            <UploadChip key={upload.key} upload={upload} attachments={attachments} />
          ))}
        </ul>
      )}
    </>
  )
}

function UploadChip({ upload, attachments }: { upload: Upload; attachments: Attachments }) {
  const { key, file, error, progress, canRetry } = upload
  return (
    <li className={classes.chip} data-failed={error !== null || undefined}>
      {error === null ? <IconFile size={20} stroke={1.7} aria-hidden /> : <IconAlertTriangle size={18} aria-hidden />}
      <span className={classes.name}>{file.name}</span>
      {error === null ? (
        <progress className={classes.progress} value={progress} max={1} aria-label={texts.uploading(file.name)} />
      ) : (
        <span className={classes.error} role="alert">
          {error}
        </span>
      )}
      {error !== null && canRetry && (
        <Button size="compact-xs" variant="default" onClick={() => attachments.retry(key)}>
          {texts.tryAgain}
        </Button>
      )}
      <CloseButton size="sm" onClick={() => attachments.removeUpload(key)} aria-label={texts.removeFile(file.name)} />
    </li>
  )
}
