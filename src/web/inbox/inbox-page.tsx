import { Button, VisuallyHidden } from '@mantine/core'
import { IconMessages } from '@tabler/icons-react'
import { useCallback, useState } from 'react'
import type { Inbox } from '../../contracts/chats.ts'
import { explain } from '../api/client.ts'
import { ChatView } from '../chat/chat-view.tsx'
import { EmptyState } from '../ui/empty-state.tsx'
import { navigate } from '../ui/router.tsx'
import { useShortcuts } from '../ui/shortcuts.ts'
import { useTitle } from '../ui/use-title.ts'
import { ChatList } from './chat-list.tsx'
import classes from './inbox-page.module.css'
import { texts } from './texts.ts'
import { useAcceptChat, useInbox, useKeptTile, useSortedInbox } from './use-inbox.ts'

function focusTile(chatId: string | null): void {
  const wanted = chatId === null ? null : document.querySelector<HTMLElement>(`a[data-tile="${CSS.escape(chatId)}"]`)
  const target = wanted ?? document.querySelector<HTMLElement>('a[data-tile]')
  target?.focus()
}

/** Keys that work everywhere on the page. */
function useInboxKeys(inbox: Inbox, chatId: string | null, accept: (chatId: string) => void): void {
  const tiles = [...inbox.newItems, ...inbox.inProgress]
  const open = (step: 1 | -1) => {
    const here = tiles.findIndex((tile) => tile.id === chatId)
    const next = here < 0 ? tiles[0] : tiles[here + step]
    if (next) navigate(`/chats/${next.id}`)
  }
  const acceptCurrent = () => {
    const focused = document.activeElement instanceof HTMLElement ? document.activeElement.dataset.tile : undefined
    const wanted = focused ?? chatId
    if (wanted && inbox.newItems.some((tile) => tile.id === wanted)) accept(wanted)
  }
  const leave = () => {
    if (chatId === null) return
    navigate('/')
    focusTile(chatId)
  }
  useShortcuts({ j: () => open(1), k: () => open(-1), a: acceptCurrent, l: () => focusTile(chatId), Escape: leave })
}

/** The list and the open chat; on narrow screens one of the two. */
export function InboxPage({ chatId }: { chatId: string | null }) {
  const { data, isPending, isError, error, refetch } = useInbox()
  const kept = useKeptTile(data, chatId)
  const inbox = useSortedInbox(data, kept)
  const { mutate: accept, isPending: isAccepting, variables } = useAcceptChat()
  const [acceptedId, setAcceptedId] = useState<string | null>(null)
  const acceptAndOpen = useCallback(
    (id: string) => {
      setAcceptedId(id)
      accept(id, { onSuccess: () => navigate(`/chats/${id}`) })
    },
    [accept],
  )
  useInboxKeys(inbox, chatId, acceptAndOpen)
  const unread = [...inbox.newItems, ...inbox.inProgress].reduce((sum, tile) => sum + tile.unread, 0)
  useTitle(texts.inbox, unread)
  return (
    <div className={classes.page} data-detail={chatId !== null || undefined}>
      <nav className={classes.list} aria-label={texts.inbox}>
        <VisuallyHidden component="h1">{texts.inbox}</VisuallyHidden>
        {isError && !data ? (
          <EmptyState title={texts.failedTitle} text={explain(error)}>
            <Button onClick={() => void refetch()}>{texts.tryAgain}</Button>
          </EmptyState>
        ) : (
          <ChatList
            inbox={inbox}
            isLoading={isPending}
            openChatId={chatId}
            onAccept={acceptAndOpen}
            acceptingId={isAccepting ? (variables ?? null) : null}
          />
        )}
      </nav>
      <main className={classes.detail} id="content" tabIndex={-1}>
        {chatId === null ? (
          <EmptyState icon={<IconMessages size={26} stroke={1.6} />} title={texts.chooseTitle} text={texts.chooseText} />
        ) : (
          <ChatView
            key={chatId}
            chatId={chatId}
            onAccept={acceptAndOpen}
            isAccepting={isAccepting && variables === chatId}
            justAccepted={acceptedId === chatId}
          />
        )}
      </main>
    </div>
  )
}
