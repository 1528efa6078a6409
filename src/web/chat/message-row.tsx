import { Button } from '@mantine/core'
import { IconAlertCircle, IconLanguage, IconLock, IconPaperclip } from '@tabler/icons-react'
import { memo } from 'react'
import type { Chat, Message } from '../../contracts/chats.ts'
import { ContactAvatar } from '../ui/contact-avatar.tsx'
import { Files } from '../ui/files.tsx'
import { languageName } from '../ui/language-name.ts'
import { LinkedText } from '../ui/linked-text.tsx'
import { clockTime, fullTime } from '../ui/time.ts'
import classes from './message-row.module.css'
import type { OutboxEntry, OutgoingContent } from './outbox.ts'
import { useOutbox } from './outbox-provider.tsx'
import { StatusIcon } from './status-icon.tsx'
import { texts } from './texts.ts'
import { useRetryFile, useRetryMessage } from './use-chat.ts'

export interface MessageRowProps {
  message: Message
  startsGroup: boolean
  contact: Chat['contact']
  canRetry: boolean
  /** What of a translated message is shown; the translation of what came in, the original of what went out unless chosen. */
  shown: 'original' | 'translation' | undefined
  onShow: (messageId: string, shown: 'original' | 'translation') => void
}

/** One message: the customer's left, the agents' right, notes and system lines apart. */
export const MessageRow = memo(function MessageRow({ message, startsGroup, contact, canRetry, shown, onShow }: MessageRowProps) {
  if (message.direction === 'system') return <SystemLine message={message} />
  const isIncoming = message.direction === 'incoming'
  const isNote = message.direction === 'note'
  const { translation } = message
  const isTranslated = translation !== null && (shown ?? (isIncoming ? 'translation' : 'original')) === 'translation'
  const text = isTranslated ? translation.text : message.text
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
          <MessageFiles message={message} canRetry={canRetry} />
          {text && (
            // The language tells screen readers how to say it.
            <span {...(translation ? { lang: isTranslated ? translation.to : translation.from } : {})}>
              <LinkedText text={text} />
            </span>
          )}
          <span className={classes.meta}>
            <time dateTime={message.at} title={fullTime(message.at)}>
              {clockTime(message.at)}
            </time>
            {message.direction === 'outgoing' && message.status && <StatusIcon status={message.status} reason={message.failureReason} />}
          </span>
        </div>
        {translation && (
          <TranslationLine
            translation={translation}
            isTranslated={isTranslated}
            onToggle={() => onShow(message.id, isTranslated ? 'original' : 'translation')}
          />
        )}
        {message.status === 'failed' && <Failure message={message} canRetry={canRetry} />}
      </div>
    </div>
  )
})

function MessageFiles({ message, canRetry }: { message: Message; canRetry: boolean }) {
  const retry = useRetryFile(message)
  return <Files files={message.files} onRetry={canRetry && message.direction === 'incoming' ? (id) => retry.mutate(id) : undefined} />
}

interface TranslationLineProps {
  translation: NonNullable<Message['translation']>
  isTranslated: boolean
  onToggle: () => void
}

/** Says what is shown of a translated message and shows the other. */
function TranslationLine({ translation: { from, to }, isTranslated, onToggle }: TranslationLineProps) {
  return (
    <p className={classes.translation}>
      <IconLanguage size={13} aria-hidden />
      {isTranslated ? texts.translatedFrom(languageName(from)) : texts.originalIn(languageName(from))}
      <button type="button" className={classes.toggle} onClick={onToggle}>
        {isTranslated ? texts.showOriginal : texts.showTranslation(languageName(to))}
      </button>
    </p>
  )
}

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

export interface PendingRowProps {
  entry: OutboxEntry
  startsGroup: boolean
  onEdit: (content: OutgoingContent) => void
}

/** A message on its way to the server. */
export function PendingRow({ entry, startsGroup, onEdit }: PendingRowProps) {
  const outbox = useOutbox()
  const edit = () => {
    outbox.discard(entry.clientId)
    onEdit(entry)
  }
  const isRefused = entry.state === 'refused'
  return (
    <div className={classes.row} data-direction={entry.note ? 'note' : 'outgoing'} data-first={startsGroup || undefined}>
      <div className={classes.column}>
        <div className={classes.bubble} data-pending={!isRefused || undefined} data-failed={isRefused || undefined}>
          {entry.files.map((file) => (
            <span key={file.id} className={classes.pendingFile}>
              <IconPaperclip size={14} aria-hidden />
              {file.name}
            </span>
          ))}
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
