import { Button, Loader } from '@mantine/core'
import type { ChatTile } from '../../contracts/chats.ts'
import { explain } from '../api/client.ts'
import { ChannelIcon } from '../ui/channel-icon.tsx'
import { EmptyState } from '../ui/empty-state.tsx'
import { Link } from '../ui/router.tsx'
import { fullTime, shortTime, useNow } from '../ui/time.ts'
import classes from './contact-page.module.css'
import { texts } from './texts.ts'
import { useContactChats } from './use-contacts.ts'

const statusTexts = { waiting: texts.waiting, in_progress: texts.inProgress, completed: texts.completed }

/** The chats of a contact on all channels, newest first. */
export function ContactChats({ contactId }: { contactId: string }) {
  const chats = useContactChats(contactId)
  const tiles = chats.data?.pages.flatMap((page) => page.items) ?? []
  return (
    <section className={classes.card} aria-label={texts.chats}>
      <h2 className={classes.title}>{texts.chats}</h2>
      {chats.isPending && <Loader size="sm" aria-label={texts.loading} />}
      {chats.isError && <p className={classes.error}>{explain(chats.error)}</p>}
      {chats.data && tiles.length === 0 && <EmptyState compact title={texts.noChats} text={texts.noChatsText} />}
      <ul className={classes.chats}>
        {tiles.map((tile) => (
          <ChatLine key={tile.id} tile={tile} />
        ))}
      </ul>
      {chats.hasNextPage && (
        <Button variant="default" size="xs" loading={chats.isFetchingNextPage} onClick={() => void chats.fetchNextPage()}>
          {texts.more}
        </Button>
      )}
    </section>
  )
}

function ChatLine({ tile }: { tile: ChatTile }) {
  const now = useNow(15_000)
  const at = tile.lastMessage?.at ?? tile.createdAt
  return (
    <li>
      <Link href={`/chats/${tile.id}`} className={classes.chat ?? ''}>
        <ChannelIcon kind={tile.channel.kind} size={18} />
        <span className={classes.chatTexts}>
          <span className={classes.chatTitle}>
            {texts.chatNumber(tile.number)}, {tile.channel.name}
          </span>
          <span className={classes.excerpt}>{tile.lastMessage?.text || texts.noText}</span>
        </span>
        <span className={classes.chatEnd}>
          <time dateTime={at} title={fullTime(at)}>
            {shortTime(at, now)}
          </time>
          <span data-status={tile.status}>{statusTexts[tile.status]}</span>
        </span>
      </Link>
    </li>
  )
}
