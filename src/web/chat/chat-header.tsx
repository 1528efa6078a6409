import { ActionIcon, Button, Menu, Popover, Tooltip, UnstyledButton } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import {
  IconArrowBackUp,
  IconArrowForwardUp,
  IconArrowLeft,
  IconCheck,
  IconChevronDown,
  IconCopy,
  IconDotsVertical,
  IconEye,
  IconX,
} from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import type { Chat } from '../../contracts/chats.ts'
import { keys } from '../api/keys.ts'
import { useAgent } from '../session/use-session.ts'
import { ChannelIcon } from '../ui/channel-icon.tsx'
import { ContactAvatar } from '../ui/contact-avatar.tsx'
import { OverdueTimer } from '../ui/overdue-timer.tsx'
import { navigate } from '../ui/router.tsx'
import classes from './chat-header.module.css'
import { texts } from './texts.ts'
import { useCompleteChat } from './use-chat.ts'

export interface ChatHeaderProps {
  chat: Chat
  isMine: boolean
  onAccept: () => void
  isAccepting: boolean
  profileOpen: boolean
  onToggleProfile: () => void
  /** Whether "Complete this chat?" is open. */
  isAsking: boolean
  setAsking: (asking: boolean) => void
}

/** Who, where, in which state, and what can be done. */
export function ChatHeader(props: ChatHeaderProps) {
  const { chat, isMine, profileOpen, onToggleProfile } = props
  const isDone = chat.status === 'completed'
  return (
    <header className={classes.header}>
      <ActionIcon
        className={classes.back ?? ''}
        variant="subtle"
        color="gray"
        size="lg"
        onClick={() => navigate('/')}
        aria-label={texts.back}
      >
        <IconArrowLeft size={20} />
      </ActionIcon>
      <UnstyledButton className={classes.who ?? ''} onClick={onToggleProfile} aria-expanded={profileOpen} aria-controls="contact-profile">
        <ContactAvatar id={chat.contact.id} initials={chat.contact.initials} photoUrl={chat.contact.photoUrl} size={36} />
        <span className={classes.names}>
          <span className={classes.name}>
            <span className={classes.nameText}>{chat.contact.name}</span>
            <IconChevronDown size={15} className={classes.chevron} data-open={profileOpen || undefined} aria-hidden />
          </span>
          <Place chat={chat} />
        </span>
      </UnstyledButton>
      <Viewers chatId={chat.id} />
      {!isDone && (
        <span className={classes.timer}>
          <OverdueTimer tile={chat} />
        </span>
      )}
      {chat.status === 'waiting' && (
        <Button size="sm" onClick={props.onAccept} loading={props.isAccepting}>
          {texts.accept}
        </Button>
      )}
      {isMine && <CompleteButton chat={chat} isAsking={props.isAsking} setAsking={props.setAsking} />}
      <MoreMenu chat={chat} profileOpen={profileOpen} onToggleProfile={onToggleProfile} />
    </header>
  )
}

function Place({ chat }: { chat: Chat }) {
  const agent = useAgent()
  const owner = chat.agent === null ? null : chat.agent.id === agent.id ? texts.withYou : texts.withAgent(chat.agent.name)
  const status = { waiting: texts.waiting, in_progress: texts.inProgress, completed: texts.completed }[chat.status]
  return (
    <span className={classes.place}>
      <ChannelIcon kind={chat.channel.kind} size={14} />
      <span className={classes.channel}>{chat.channel.name}</span>
      <span className={classes.queue}>{chat.queue.name}</span>
      <span className={classes.status} data-status={chat.status}>
        {status}
        {owner && chat.status === 'in_progress' ? ` ${owner}` : ''}
      </span>
    </span>
  )
}

/** Other agents who have this chat open: two people should not answer at once unknowingly. */
function Viewers({ chatId }: { chatId: string }) {
  const agent = useAgent()
  const { data } = useQuery<{ id: string; name: string }[]>({ queryKey: keys.viewers(chatId), enabled: false, queryFn: () => [] })
  const others = data?.filter((viewer) => viewer.id !== agent.id) ?? []
  if (others.length === 0) return null
  const label = texts.viewers(others.map((viewer) => viewer.name).join(', '))
  return (
    <Tooltip label={label} multiline maw={280}>
      <span className={classes.viewers} role="img" aria-label={label}>
        <IconEye size={16} stroke={1.7} />
        {others.length}
      </span>
    </Tooltip>
  )
}

function CompleteButton({ chat, isAsking, setAsking }: Pick<ChatHeaderProps, 'chat' | 'isAsking' | 'setAsking'>) {
  const complete = useCompleteChat()
  const confirm = () => complete.mutate(chat.id, { onSettled: () => setAsking(false) })
  const isUnanswered = chat.lastMessage?.direction === 'incoming'
  return (
    <Popover opened={isAsking} onChange={setAsking} position="bottom-end" width={290} shadow="md" trapFocus returnFocus withRoles={false}>
      <Popover.Target>
        <Button
          size="sm"
          variant="default"
          leftSection={<IconCheck size={16} />}
          onClick={() => setAsking(!isAsking)}
          classNames={{ label: classes.completeLabel ?? '', section: classes.completeIcon ?? '' }}
          aria-label={texts.complete}
          aria-haspopup="dialog"
          aria-expanded={isAsking}
        >
          {texts.complete}
        </Button>
      </Popover.Target>
      <Popover.Dropdown role="dialog" aria-label={texts.completeQuestion}>
        <p className={classes.question}>{texts.completeQuestion}</p>
        <p className={classes.hint}>{texts.completeHint}</p>
        {isUnanswered && <p className={classes.warning}>{texts.completeUnanswered}</p>}
        {chat.hasDraft && <p className={classes.warning}>{texts.completeDraft}</p>}
        <div className={classes.answers}>
          <Button size="sm" data-autofocus loading={complete.isPending} onClick={confirm}>
            {texts.complete}
          </Button>
          <Button size="sm" variant="default" onClick={() => setAsking(false)}>
            {texts.keepOpen}
          </Button>
        </div>
      </Popover.Dropdown>
    </Popover>
  )
}

function MoreMenu({ chat, profileOpen, onToggleProfile }: Pick<ChatHeaderProps, 'chat' | 'profileOpen' | 'onToggleProfile'>) {
  const { parentChatId, childChatId } = chat
  const copy = async () => {
    await navigator.clipboard.writeText(String(chat.number))
    notifications.show({ message: texts.copied, autoClose: 2_000 })
  }
  return (
    <Menu position="bottom-end" shadow="md" width={240}>
      <Menu.Target>
        <Tooltip label={texts.more}>
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label={texts.more}>
            <IconDotsVertical size={18} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<IconChevronDown size={16} />} onClick={onToggleProfile}>
          {profileOpen ? texts.hideContact : texts.showContact}
        </Menu.Item>
        {parentChatId && (
          <Menu.Item leftSection={<IconArrowBackUp size={16} />} onClick={() => navigate(`/chats/${parentChatId}`)}>
            {texts.parentChat}
          </Menu.Item>
        )}
        {childChatId && (
          <Menu.Item leftSection={<IconArrowForwardUp size={16} />} onClick={() => navigate(`/chats/${childChatId}`)}>
            {texts.childChat}
          </Menu.Item>
        )}
        <Menu.Item leftSection={<IconCopy size={16} />} onClick={() => void copy()}>
          {texts.copyNumber(chat.number)}
        </Menu.Item>
        <Menu.Item leftSection={<IconX size={16} />} onClick={() => navigate('/')}>
          {texts.closeChat}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
