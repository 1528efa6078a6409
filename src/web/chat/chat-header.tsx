import { ActionIcon, Button, Tooltip } from '@mantine/core'
import { IconArrowLeft, IconArrowsExchange, IconChevronDown, IconEye, IconFlag, IconLanguage } from '@tabler/icons-react'
import { useQuery } from '@tanstack/react-query'
import type { Chat } from '../../contracts/chats.ts'
import { keys } from '../api/keys.ts'
import { useAgent } from '../session/use-session.ts'
import { ChannelIcon } from '../ui/channel-icon.tsx'
import { ContactAvatar } from '../ui/contact-avatar.tsx'
import { OverdueTimer } from '../ui/overdue-timer.tsx'
import { Link, navigate } from '../ui/router.tsx'
import classes from './chat-header.module.css'
import { ActionsMenu, MoreMenu } from './chat-menus.tsx'
import { CompleteButton } from './complete-button.tsx'
import { texts } from './texts.ts'
import type { ChatActions } from './use-actions.ts'

export interface ChatHeaderProps {
  chat: Chat
  isMine: boolean
  actions: ChatActions
  onAccept: () => void
  isAccepting: boolean
  profileOpen: boolean
  onToggleProfile: () => void
  translationOpen: boolean
  onToggleTranslation: () => void
  /** Whether the list of quick actions is open. */
  actionsOpen: boolean
  setActionsOpen: (open: boolean) => void
  /** Whether "Complete this chat?" is open. */
  isAsking: boolean
  setAsking: (asking: boolean) => void
}

/** Who, where, in which state, and what can be done. */
export function ChatHeader(props: ChatHeaderProps) {
  const { chat, isMine } = props
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
      <Who chat={chat} profileOpen={props.profileOpen} onToggleProfile={props.onToggleProfile} />
      <Viewers chatId={chat.id} />
      {chat.status !== 'completed' && (
        <span className={classes.timer}>
          <OverdueTimer tile={chat} />
        </span>
      )}
      {chat.status === 'waiting' && (
        <Button size="sm" onClick={props.onAccept} loading={props.isAccepting}>
          {texts.accept}
        </Button>
      )}
      <Tools {...props} />
      {isMine && <CompleteButton chat={chat} isAsking={props.isAsking} setAsking={props.setAsking} />}
      <MoreMenu {...props} />
    </header>
  )
}

function Who({ chat, profileOpen, onToggleProfile }: Pick<ChatHeaderProps, 'chat' | 'profileOpen' | 'onToggleProfile'>) {
  const { contact } = chat
  const label = profileOpen ? texts.hideContact : texts.showContact
  return (
    <div className={classes.who}>
      <ContactAvatar id={contact.id} initials={contact.initials} photoUrl={contact.photoUrl} size={36} />
      <div className={classes.names}>
        <div className={classes.name}>
          <Link href={`/contacts/${contact.id}`} className={classes.nameText ?? ''} title={texts.openContact}>
            {contact.name}
          </Link>
          <ActionIcon
            variant="subtle"
            color="gray"
            size={24}
            onClick={onToggleProfile}
            aria-label={label}
            title={`${label} (P)`}
            aria-expanded={profileOpen}
            {...(profileOpen ? { 'aria-controls': 'contact-profile' } : {})}
          >
            <IconChevronDown size={15} className={classes.chevron} data-open={profileOpen || undefined} />
          </ActionIcon>
          {chat.priority > 0 && (
            <span className={classes.priority} title={texts.priorityOf(chat.priority)}>
              <IconFlag size={13} aria-label={texts.priorityOf(chat.priority)} />
            </span>
          )}
        </div>
        <Place chat={chat} />
      </div>
    </div>
  )
}

/** What agents do often, in wide windows; narrow ones have it in the menu. */
function Tools({ chat, isMine, actions, actionsOpen, setActionsOpen, translationOpen, onToggleTranslation }: ChatHeaderProps) {
  if (!isMine) return null
  return (
    <>
      <ActionsMenu chat={chat} actions={actions} opened={actionsOpen} onChange={setActionsOpen} />
      <Tooltip label={`${translationOpen ? texts.hideTranslation : texts.showTranslationPanel} (O)`}>
        <ActionIcon
          className={classes.wide ?? ''}
          variant={chat.translation?.enabled ? 'light' : 'subtle'}
          color={chat.translation?.enabled ? 'petrol' : 'gray'}
          size="lg"
          aria-label={texts.translation}
          aria-expanded={translationOpen}
          onClick={onToggleTranslation}
        >
          <IconLanguage size={19} stroke={1.7} />
        </ActionIcon>
      </Tooltip>
      <Tooltip label={`${texts.transfer} (T)`}>
        <ActionIcon
          className={classes.wide ?? ''}
          variant="subtle"
          color="gray"
          size="lg"
          aria-label={texts.transfer}
          aria-haspopup="dialog"
          onClick={() => actions.open({ kind: 'transfer' })}
        >
          <IconArrowsExchange size={19} stroke={1.7} />
        </ActionIcon>
      </Tooltip>
    </>
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
