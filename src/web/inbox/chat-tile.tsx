import { Button, VisuallyHidden } from '@mantine/core'
import { IconAlertCircle, IconPencil } from '@tabler/icons-react'
import { memo } from 'react'
import type { ChatTile as Tile } from '../../contracts/chats.ts'
import { ChannelIcon } from '../ui/channel-icon.tsx'
import { ContactAvatar } from '../ui/contact-avatar.tsx'
import { OverdueTimer } from '../ui/overdue-timer.tsx'
import { Link } from '../ui/router.tsx'
import { serverNow } from '../ui/server-clock.ts'
import { fullTime, shortTime, useNow } from '../ui/time.ts'
import classes from './chat-tile.module.css'
import { texts } from './texts.ts'

/** How old a message may be to make its tile flash, in milliseconds. */
const freshMs = 10_000

export interface ChatTileProps {
  tile: Tile
  isOpen: boolean
  /** Null when the chat cannot be accepted. */
  onAccept: ((chatId: string) => void) | null
  isAccepting: boolean
}

/** One chat of the inbox. The whole tile is the link; Accept lies above it. */
export const ChatTile = memo(function ChatTile({ tile, isOpen, onAccept, isAccepting }: ChatTileProps) {
  const isDone = tile.status === 'completed'
  return (
    <li className={classes.tile} data-open={isOpen || undefined} data-done={isDone || undefined} data-unread={tile.unread > 0 || undefined}>
      <Flash tile={tile} isOpen={isOpen} />
      <span className={classes.face}>
        <ContactAvatar id={tile.contact.id} initials={tile.contact.initials} photoUrl={tile.contact.photoUrl} size={38} />
        <span className={classes.channel} title={tile.channel.name}>
          <ChannelIcon kind={tile.channel.kind} size={14} />
        </span>
      </span>
      <div className={classes.body}>
        <div className={classes.line}>
          <Link href={`/chats/${tile.id}`} className={classes.link ?? ''} data-tile={tile.id} aria-current={isOpen ? 'true' : undefined}>
            {tile.contact.name}
          </Link>
          <TileTime at={tile.lastMessage?.at ?? tile.createdAt} />
        </div>
        <div className={classes.line}>
          <Excerpt tile={tile} />
          {tile.unread > 0 && (
            <span className={classes.badge}>
              <span aria-hidden="true">{tile.unread > 99 ? '99+' : tile.unread}</span>
              <VisuallyHidden>{texts.unread(tile.unread)}</VisuallyHidden>
            </span>
          )}
        </div>
        <div className={classes.line} data-foot>
          <span className={classes.queue}>{tile.queue.name}</span>
          {tile.hasDraft && (
            <span className={classes.draft}>
              <IconPencil size={13} aria-hidden />
              {texts.draft}
            </span>
          )}
          {isDone && <span className={classes.done}>{texts.completed}</span>}
          <span className={classes.push} />
          <OverdueTimer tile={tile} />
          {onAccept && (
            <Button
              className={classes.accept ?? ''}
              size="compact-xs"
              variant="filled"
              loading={isAccepting}
              onClick={() => onAccept(tile.id)}
              aria-label={texts.acceptChat(tile.contact.name)}
            >
              {texts.accept}
            </Button>
          )}
        </div>
      </div>
    </li>
  )
})

function TileTime({ at }: { at: string }) {
  const now = useNow(15_000)
  return (
    <time className={classes.time} dateTime={at} title={fullTime(at)}>
      {shortTime(at, now)}
    </time>
  )
}

function Excerpt({ tile }: { tile: Tile }) {
  const last = tile.lastMessage
  if (!last) return <span className={classes.excerpt}>{texts.noMessage}</span>
  const who = last.direction === 'outgoing' ? texts.you : last.direction === 'note' ? texts.note : null
  return (
    <span className={classes.excerpt}>
      {last.status === 'failed' && (
        <span className={classes.failed}>
          <IconAlertCircle size={13} aria-hidden /> {texts.statusFailed}{' '}
        </span>
      )}
      {who && <span>{who} </span>}
      {last.text || texts.noText}
    </span>
  )
}

/** A calm sign that a message has just come; it starts anew with every message. */
function Flash({ tile, isOpen }: { tile: Tile; isOpen: boolean }) {
  const last = tile.lastMessage
  if (isOpen || last?.direction !== 'incoming' || serverNow() - Date.parse(last.at) > freshMs) return null
  return <span key={last.at} className={classes.flash} aria-hidden="true" />
}
