import { Button } from '@mantine/core'
import { IconAlertCircle, IconLock } from '@tabler/icons-react'
import { memo } from 'react'
import type { Chat, Message } from '../../contracts/chats.ts'
import { ContactAvatar } from '../ui/contact-avatar.tsx'
import { Files } from '../ui/files.tsx'
import { LinkedText } from '../ui/linked-text.tsx'
import { clockTime, fullTime } from '../ui/time.ts'
import classes from './message-row.module.css'
import type { OutboxEntry } from './outbox.ts'
import { useOutbox } from './outbox-provider.tsx'
import { StatusIcon } from './status-icon.tsx'
import { texts } from './texts.ts'
import { useRetryMessage } from './use-chat.ts'

export interface MessageRowProps {
  message: Message
  startsGroup: boolean
  contact: Chat['contact']
  canRetry: boolean
}

/** One message: the customer's left, the agents' right, notes and system lines apart. */
export const MessageRow = memo(function MessageRow({ message, startsGroup, contact, canRetry }: MessageRowProps) {
  if (message.direction === 'system') return <SystemLine message={message} />
  const isIncoming = message.direction === 'incoming'
  const isNote = message.direction === 'note'
  return (
    <div className={classes.row} data-direction={message.direction} data-first={startsGroup || undefined}>
      {isIncoming && (
        <span className={classes.face}>
          {startsGroup && <ContactAvatar id={contact.id} initials={contact.initials} photoUrl={contact.photoUrl} size={28} />}
        </span>
      )}
      <div className={classes.column}>
        {startsGroup && (
          <p className={classes.author}>
            {isNote && <IconLock size={12} aria-hidden />}
            {isNote ? `${texts.note}, ${message.author.name}` : message.author.name}
          </p>
        )}
        <div className={classes.bubble} data-failed={message.status === 'failed' || undefined}>
          <Files files={message.files} />
          {message.text && <LinkedText text={message.text} />}
          <span className={classes.meta}>
            <time dateTime={message.at} title={fullTime(message.at)}>
              {clockTime(message.at)}
            </time>
            {message.direction === 'outgoing' && message.status && <StatusIcon status={message.status} reason={message.failureReason} />}
          </span>
        </div>
        {message.status === 'failed' && <Failure message={message} canRetry={canRetry} />}
      </div>
    </div>
  )
})

function SystemLine({ message }: { message: Message }) {
  return (
    <p className={classes.system}>
      <span>{message.text}</span> <time dateTime={message.at}>{clockTime(message.at)}</time>
    </p>
  )
}

function Failure({ message, canRetry }: { message: Message; canRetry: boolean }) {
  const retry = useRetryMessage()
  return (
    <div className={classes.failure}>
      <span className={classes.why}>
        <IconAlertCircle size={14} aria-hidden /> {texts.notDelivered} {texts.failedReason(message.failureReason)}
      </span>
      {canRetry && (
        <Button size="compact-xs" variant="default" loading={retry.isPending} onClick={() => retry.mutate(message.id)}>
          {texts.retry}
        </Button>
      )}
    </div>
  )
}

/** A message on its way to the server. */
export function PendingRow({ entry, startsGroup, onEdit }: { entry: OutboxEntry; startsGroup: boolean; onEdit: (text: string) => void }) {
  const outbox = useOutbox()
  const edit = () => {
    outbox.discard(entry.clientId)
    onEdit(entry.text)
  }
  const isRefused = entry.state === 'refused'
  return (
    <div className={classes.row} data-direction={entry.note ? 'note' : 'outgoing'} data-first={startsGroup || undefined}>
      <div className={classes.column}>
        <div className={classes.bubble} data-pending={!isRefused || undefined} data-failed={isRefused || undefined}>
          <LinkedText text={entry.text} />
          <span className={classes.meta}>
            <time dateTime={entry.at}>{clockTime(entry.at)}</time>
            <StatusIcon status={isRefused ? 'failed' : 'sending'} reason={entry.reason} />
          </span>
        </div>
        {entry.state === 'retrying' && <p className={classes.waiting}>{texts.retrying}</p>}
        {isRefused && (
          <div className={classes.failure} role="alert">
            <span className={classes.why}>
              <IconAlertCircle size={14} aria-hidden /> {texts.notAccepted} {entry.reason}
            </span>
            <Button size="compact-xs" variant="default" onClick={() => outbox.retry(entry.clientId)}>
              {texts.retry}
            </Button>
            <Button size="compact-xs" variant="default" onClick={edit}>
              {texts.edit}
            </Button>
            <Button size="compact-xs" variant="subtle" color="gray" onClick={() => outbox.discard(entry.clientId)}>
              {texts.discard}
            </Button>
          </div>
        )}
      </div>
    </div>
  )
}
