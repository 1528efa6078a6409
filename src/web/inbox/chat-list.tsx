import { Button, Skeleton } from '@mantine/core'
import { type KeyboardEvent, useCallback } from 'react'
import type { Inbox, ChatTile as Tile } from '../../contracts/chats.ts'
import { useAgent, useSetStatus } from '../session/use-session.ts'
import { EmptyState } from '../ui/empty-state.tsx'
import classes from './chat-list.module.css'
import { ChatTile } from './chat-tile.tsx'
import { texts } from './texts.ts'

export interface ChatListProps {
  inbox: Inbox
  isLoading: boolean
  openChatId: string | null
  onAccept: (chatId: string) => void
  acceptingId: string | null
}

const skeletons = ['a', 'b', 'c']

/** New items above In progress; arrows move through both as one list. */
export function ChatList({ inbox, isLoading, openChatId, onAccept, acceptingId }: ChatListProps) {
  const onKeyDown = useCallback((event: KeyboardEvent<HTMLElement>) => {
    if (event.altKey || event.ctrlKey || event.metaKey) return
    const step = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0
    if (step === 0 && event.key !== 'Home' && event.key !== 'End') return
    const links = [...event.currentTarget.querySelectorAll<HTMLElement>('a[data-tile]')]
    const here = links.indexOf(document.activeElement as HTMLElement)
    const next = event.key === 'Home' ? 0 : event.key === 'End' ? links.length - 1 : here + step
    const target = links[next]
    if (!target) return
    event.preventDefault()
    target.focus()
    target.scrollIntoView({ block: 'nearest' })
  }, [])
  const shared = { openChatId, onAccept, acceptingId, isLoading }
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the arrows only move the focus between the links inside
    <div className={classes.list} onKeyDown={onKeyDown}>
      <Area title={texts.newItems} tiles={inbox.newItems} {...shared}>
        <NewEmpty />
      </Area>
      <Area title={texts.inProgress} tiles={inbox.inProgress} {...shared}>
        <EmptyState compact title={texts.progressEmpty} text={texts.progressEmptyText} />
      </Area>
    </div>
  )
}

interface AreaProps extends Omit<ChatListProps, 'inbox'> {
  title: string
  tiles: Tile[]
  /** Shown when there are none. */
  children: React.ReactNode
}

function Area({ title, tiles, isLoading, openChatId, onAccept, acceptingId, children }: AreaProps) {
  return (
    <section aria-label={texts.count(title, tiles.length)}>
      <h2 className={classes.heading}>
        {title}
        <span className={classes.count} data-some={tiles.length > 0 || undefined}>
          {tiles.length}
        </span>
      </h2>
      {isLoading ? (
        <div className={classes.skeletons} aria-hidden="true">
          {skeletons.map((key) => (
            <TileSkeleton key={key} />
          ))}
        </div>
      ) : tiles.length === 0 ? (
        children
      ) : (
        <ul>
          {tiles.map((tile) => (
            <ChatTile
              key={tile.id}
              tile={tile}
              isOpen={tile.id === openChatId}
              onAccept={tile.status === 'waiting' ? onAccept : null}
              isAccepting={tile.id === acceptingId}
            />
          ))}
        </ul>
      )}
    </section>
  )
}

function TileSkeleton() {
  return (
    <div className={classes.skeleton}>
      <Skeleton circle height={38} />
      <div className={classes.lines}>
        <Skeleton height={11} width="55%" />
        <Skeleton height={10} width="85%" mt={9} />
        <Skeleton height={9} width="30%" mt={9} />
      </div>
    </div>
  )
}

function NewEmpty() {
  const agent = useAgent()
  const setStatus = useSetStatus()
  if (agent.status === 'active') return <EmptyState compact title={texts.newEmptyActive} text={texts.newEmptyActiveText} />
  return (
    <EmptyState compact title={texts.newEmptyInactive} text={texts.newEmptyInactiveText}>
      <Button size="xs" variant="light" loading={setStatus.isPending} onClick={() => setStatus.mutate('active')}>
        {texts.goActive}
      </Button>
    </EmptyState>
  )
}
