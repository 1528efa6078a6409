import { Button, Loader, VisuallyHidden } from '@mantine/core'
import { IconArrowDown, IconMessageCircle } from '@tabler/icons-react'
import { useVirtualizer } from '@tanstack/react-virtual'
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react'
import type { Chat, Message } from '../../contracts/chats.ts'
import type { MessageCache } from '../realtime/message-cache.ts'
import { EmptyState } from '../ui/empty-state.tsx'
import { dayName, useNow } from '../ui/time.ts'
import { useIsVisible } from '../ui/use-is-visible.ts'
import classes from './message-list.module.css'
import { MessageRow, type MessageRowProps, PendingRow } from './message-row.tsx'
import type { OutgoingContent } from './outbox.ts'
import { useOutboxEntries } from './outbox-provider.tsx'
import { buildRows, type Row } from './rows.ts'
import { texts } from './texts.ts'
import { TypingLine } from './typing-line.tsx'
import { useOlderMessages, useParentMessages, useReadReport } from './use-chat.ts'

export interface MessageListProps {
  chat: Chat
  cache: MessageCache
  isMine: boolean
  firstUnreadSeq: number | null
  /** Puts a refused message back into the composer. */
  onEdit: (content: OutgoingContent) => void
}

/** Closer to the end than this counts as reading the latest message, in pixels. */
const endThreshold = 60
/** Closer to the top than this loads the page before, in pixels. */
const olderThreshold = 300

/** Keeps the reader's place: at the end new messages are followed, further up nothing moves. */
function useMessageScroll(rows: readonly Row[], lastOwn: string | undefined) {
  const scroller = useRef<HTMLDivElement>(null)
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 56,
    getItemKey: useCallback((index: number) => rows[index]?.key ?? index, [rows]),
    anchorTo: 'end',
    followOnAppend: true,
    scrollEndThreshold: endThreshold,
    overscan: 10,
    paddingStart: 12,
    paddingEnd: 8,
  })
  useLayoutEffect(() => virtualizer.scrollToEnd(), [virtualizer])
  useEffect(() => {
    if (lastOwn !== undefined) virtualizer.scrollToEnd()
  }, [lastOwn, virtualizer])
  return { scroller, virtualizer, isAtEnd: rows.length === 0 || virtualizer.isAtEnd(endThreshold) }
}

/** The conversation; only what is on screen is in the page. */
export function MessageList({ chat, cache, isMine, firstUnreadSeq, onEdit }: MessageListProps) {
  const pending = useOutboxEntries(chat.id)
  const parents = useParentMessages(chat, !cache.hasOlder)
  const rows = useMemo(
    () => buildRows([...parents, ...cache.items], pending, firstUnreadSeq),
    [parents, cache.items, pending, firstUnreadSeq],
  )
  const { scroller, virtualizer, isAtEnd } = useMessageScroll(rows, pending.at(-1)?.clientId)
  const older = useOlder(chat.id, cache.hasOlder)
  const onScroll = () => {
    if ((scroller.current?.scrollTop ?? olderThreshold) < olderThreshold) older.load()
  }
  const { shown, show } = useShownTexts()
  const isVisible = useIsVisible()
  useReadReport(chat, isMine, cache.items.at(-1)?.seq ?? 0, isAtEnd && isVisible)
  return (
    <div className={classes.frame}>
      <div
        className={classes.scroller}
        ref={scroller}
        onScroll={onScroll}
        role="log"
        aria-live="off"
        aria-label={texts.messages}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard
        tabIndex={0}
      >
        {rows.length === 0 && (
          <EmptyState icon={<IconMessageCircle size={26} stroke={1.6} />} title={texts.noMessages} text={texts.noMessagesText} />
        )}
        <div className={classes.inner} style={{ height: virtualizer.getTotalSize() }}>
          {virtualizer.getVirtualItems().map((item) => (
            <div
              key={item.key}
              data-index={item.index}
              ref={virtualizer.measureElement}
              className={classes.row}
              style={{ transform: `translateY(${item.start}px)` }}
            >
              <RowView row={rows[item.index]} chat={chat} isMine={isMine} onEdit={onEdit} shown={shown} onShow={show} />
            </div>
          ))}
        </div>
        <TypingLine chatId={chat.id} />
      </div>
      {older.isLoading && <OlderLoader />}
      {older.failed && <OlderFailed onRetry={older.load} />}
      {!isAtEnd && <ToLatest messages={cache.items} onClick={() => virtualizer.scrollToEnd({ behavior: 'auto' })} />}
      <Announcer chat={chat} messages={cache.items} />
    </div>
  )
}

/** Which text of translated messages the agent chose; kept here because rows come and go while scrolling. */
function useShownTexts() {
  const [shown, setShown] = useState<Readonly<Record<string, 'original' | 'translation'>>>({})
  const show = useCallback<MessageRowProps['onShow']>((id, text) => setShown((before) => ({ ...before, [id]: text })), [])
  return { shown, show }
}

interface RowViewProps extends Pick<MessageListProps, 'chat' | 'isMine' | 'onEdit'> {
  row: Row | undefined
  shown: Readonly<Record<string, 'original' | 'translation'>>
  onShow: MessageRowProps['onShow']
}

function RowView({ row, chat, isMine, onEdit, shown, onShow }: RowViewProps) {
  switch (row?.kind) {
    case 'message':
      return (
        <>
          {row.startsDay && <DayLine at={row.message.at} />}
          {row.startsChat && <p className={classes.day}>{texts.transferred}</p>}
          {row.startsUnread && <p className={classes.marker}>{texts.newMarker}</p>}
          <MessageRow
            message={row.message}
            startsGroup={row.startsGroup}
            contact={chat.contact}
            canRetry={isMine && row.message.chatId === chat.id}
            shown={shown[row.message.id]}
            onShow={onShow}
          />
        </>
      )
    case 'pending':
      return <PendingRow entry={row.entry} startsGroup={row.startsGroup} onEdit={onEdit} />
    case undefined:
      return null
  }
}

function DayLine({ at }: { at: string }) {
  const now = useNow(60_000)
  return (
    <p className={classes.day}>
      <span>{dayName(at, now)}</span>
    </p>
  )
}

function useOlder(chatId: string, hasOlder: boolean) {
  const { mutate, isPending, isError } = useOlderMessages(chatId)
  const load = () => {
    if (hasOlder && !isPending) mutate()
  }
  return { load, isLoading: isPending, failed: isError && !isPending }
}

function OlderLoader() {
  return (
    <div className={classes.older}>
      <Loader size={16} aria-label={texts.earlier} />
    </div>
  )
}

function OlderFailed({ onRetry }: { onRetry: () => void }) {
  return (
    <div className={classes.older} role="alert">
      {texts.earlierFailed}
      <Button size="compact-xs" variant="default" onClick={onRetry}>
        {texts.tryAgain}
      </Button>
    </div>
  )
}

/** Mounted while the agent reads further up; counts what has come since. */
function ToLatest({ messages, onClick }: { messages: readonly Message[]; onClick: () => void }) {
  const [seenSeq] = useState(messages.at(-1)?.seq ?? 0)
  const count = messages.filter((message) => message.seq > seenSeq && message.direction === 'incoming').length
  return (
    <Button
      className={classes.latest ?? ''}
      size="compact-sm"
      radius="xl"
      variant={count > 0 ? 'filled' : 'default'}
      leftSection={<IconArrowDown size={15} />}
      onClick={onClick}
    >
      {count > 0 ? texts.newCount(count) : texts.toLatest}
    </Button>
  )
}

/** Speaks what the customer writes in the open chat; the list itself would speak on every scroll. */
function Announcer({ chat, messages }: { chat: Chat; messages: readonly Message[] }) {
  const [firstSeq] = useState(messages.at(-1)?.seq ?? 0)
  const last = messages.findLast((message) => message.direction === 'incoming' && message.seq > firstSeq)
  return (
    <VisuallyHidden role="status" aria-live="polite">
      {last ? texts.heard(chat.contact.name, last.text ?? last.files.map((file) => file.name).join(', ')) : ''}
    </VisuallyHidden>
  )
}
