import { Button, Skeleton } from '@mantine/core'
import { useLocalStorage } from '@mantine/hooks'
import { IconMessageOff, IconPaperclip } from '@tabler/icons-react'
import { useRef, useState } from 'react'
import type { Chat, ChatStatus } from '../../contracts/chats.ts'
import { ApiError, explain } from '../api/client.ts'
import { ContactProfile } from '../contacts/contact-profile.tsx'
import type { MessageCache } from '../realtime/message-cache.ts'
import { useAgent } from '../session/use-session.ts'
import { EmptyState } from '../ui/empty-state.tsx'
import { navigate } from '../ui/router.tsx'
import { useShortcuts } from '../ui/shortcuts.ts'
import { ChatDialogs } from './chat-dialogs.tsx'
import { ChatHeader } from './chat-header.tsx'
import { ChatLabels } from './chat-labels.tsx'
import classes from './chat-view.module.css'
import { Composer } from './composer.tsx'
import { MessageList } from './message-list.tsx'
import { firstUnreadSeq } from './rows.ts'
import { texts } from './texts.ts'
import { TranslationPanel } from './translation-panel.tsx'
import { useChatActions } from './use-actions.ts'
import { useChat, useMessages, useWatch } from './use-chat.ts'
import { useDropZone } from './use-drop-zone.ts'
import type { ComposerHandle } from './use-editor.ts'

export interface ChatViewProps {
  chatId: string
  onAccept: (chatId: string) => void
  isAccepting: boolean
  /** The agent accepted this chat a moment ago: the cursor belongs into the text field. */
  justAccepted: boolean
}

/** One chat: header, contact, messages, composer. Mounted anew for each chat. */
export function ChatView({ chatId, ...accepting }: ChatViewProps) {
  const chat = useChat(chatId)
  const messages = useMessages(chatId)
  useWatch(chatId)
  const error = chat.data ? (messages.data?.loaded ? null : messages.error) : chat.error
  if (error) return <Failed error={error} onRetry={() => void Promise.all([chat.refetch(), messages.refetch()])} />
  if (!chat.data || !messages.data?.loaded) return <ChatSkeleton />
  return <LoadedChat chat={chat.data} messages={messages.data} {...accepting} />
}

interface LoadedChatProps extends Omit<ChatViewProps, 'chatId'> {
  chat: Chat
  messages: MessageCache
  /** The agent accepted this chat a moment ago: the cursor belongs into the text field. */
  justAccepted: boolean
}

/** Unread messages as they were when the chat was opened, or accepted. */
function useFirstUnread(chat: Chat, messages: MessageCache): number | null {
  const find = () => firstUnreadSeq(messages.items, chat.unread)
  const [marker, setMarker] = useState<{ status: ChatStatus; seq: number | null }>(() => ({ status: chat.status, seq: find() }))
  if (marker.status !== chat.status) setMarker({ status: chat.status, seq: chat.status === 'in_progress' ? find() : null })
  return marker.seq
}

function LoadedChat({ chat, messages, onAccept, isAccepting, justAccepted }: LoadedChatProps) {
  const agent = useAgent()
  const isMine = chat.status === 'in_progress' && chat.agent?.id === agent.id
  const unreadSeq = useFirstUnread(chat, messages)
  const composer = useRef<ComposerHandle>(null)
  const [profileOpen, setProfileOpen] = useLocalStorage({ key: 'parley.profile-open', defaultValue: false, getInitialValueInEffect: false })
  const [isAsking, setAsking] = useState(false)
  const [actionsOpen, setActionsOpen] = useState(false)
  const [translationOpen, setTranslationOpen] = useState(chat.translation?.enabled ?? false)
  const actions = useChatActions(chat)
  const toggleProfile = () => setProfileOpen(!profileOpen)
  const toggleTranslation = () => setTranslationOpen(!translationOpen)
  useShortcuts({
    r: () => composer.current?.focus(false),
    n: () => composer.current?.focus(true),
    e: () => setAsking(isMine),
    p: toggleProfile,
    o: toggleTranslation,
    q: () => setActionsOpen(isMine),
    t: () => isMine && actions.open({ kind: 'transfer' }),
  })
  const { isOver, handlers } = useDropZone(isMine ? (files) => composer.current?.attach(files) : null)
  return (
    <article className={classes.chat} data-profile={profileOpen || undefined} aria-label={chat.contact.name} {...handlers}>
      {isOver && (
        <div className={classes.drop}>
          <IconPaperclip size={28} stroke={1.6} aria-hidden />
          {texts.dropHere}
        </div>
      )}
      <ChatHeader
        chat={chat}
        isMine={isMine}
        actions={actions}
        onAccept={() => onAccept(chat.id)}
        isAccepting={isAccepting}
        profileOpen={profileOpen}
        onToggleProfile={toggleProfile}
        translationOpen={translationOpen}
        onToggleTranslation={toggleTranslation}
        actionsOpen={actionsOpen}
        setActionsOpen={setActionsOpen}
        isAsking={isAsking}
        setAsking={setAsking}
      />
      {translationOpen && <TranslationPanel chat={chat} isMine={isMine} onClose={toggleTranslation} />}
      {profileOpen && (
        <ContactProfile chat={chat} onClose={toggleProfile}>
          {isMine && <ChatLabels chat={chat} />}
        </ContactProfile>
      )}
      <MessageList
        chat={chat}
        cache={messages}
        isMine={isMine}
        firstUnreadSeq={unreadSeq}
        onEdit={(content) => composer.current?.restore(content)}
      />
      <Composer
        ref={composer}
        chat={chat}
        isMine={isMine}
        onAccept={() => onAccept(chat.id)}
        isAccepting={isAccepting}
        autoFocus={justAccepted}
      />
      <ChatDialogs chat={chat} actions={actions} />
    </article>
  )
}

function Failed({ error, onRetry }: { error: Error; onRetry: () => void }) {
  const isGone = error instanceof ApiError && (error.status === 404 || error.status === 403)
  return (
    <EmptyState
      icon={<IconMessageOff size={26} stroke={1.6} />}
      title={isGone ? texts.notFoundTitle : texts.failedTitle}
      text={explain(error)}
    >
      {!isGone && <Button onClick={onRetry}>{texts.tryAgain}</Button>}
      <Button variant="default" onClick={() => navigate('/')}>
        {texts.toInbox}
      </Button>
    </EmptyState>
  )
}

const bubbles = [
  { key: 'a', width: '46%', own: false },
  { key: 'b', width: '30%', own: false },
  { key: 'c', width: '52%', own: true },
  { key: 'd', width: '38%', own: false },
]

function ChatSkeleton() {
  return (
    <div className={classes.chat} aria-hidden="true">
      <div className={classes.skeletonHead}>
        <Skeleton circle height={36} />
        <div style={{ flex: 1 }}>
          <Skeleton height={12} width="30%" />
          <Skeleton height={10} width="45%" mt={8} />
        </div>
      </div>
      <div className={classes.skeletonBody}>
        {bubbles.map((bubble) => (
          <Skeleton key={bubble.key} height={44} radius={14} width={bubble.width} ml={bubble.own ? 'auto' : 0} />
        ))}
      </div>
    </div>
  )
}
