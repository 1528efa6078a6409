import { ActionIcon, Menu, Tooltip } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import {
  IconArrowBackUp,
  IconArrowForwardUp,
  IconArrowsExchange,
  IconBolt,
  IconCopy,
  IconDotsVertical,
  IconForms,
  IconHistory,
  IconLanguage,
  IconPhone,
  IconTicket,
  IconUserCircle,
  IconUserShare,
  IconX,
} from '@tabler/icons-react'
import type { ReactNode } from 'react'
import type { Chat } from '../../contracts/chats.ts'
import { navigate } from '../ui/router.tsx'
import classes from './chat-header.module.css'
import { texts } from './texts.ts'
import { type ChatAction, type ChatActions, useWaitingTasks, wantsContact } from './use-actions.ts'

/** Icons by the names that the Chat actions list uses; others get the common one. */
const actionIcons: Record<string, typeof IconBolt> = {
  'user-share': IconUserShare,
  ticket: IconTicket,
  'clipboard-plus': IconTicket,
  briefcase: IconTicket,
  case: IconTicket,
  phone: IconPhone,
  'phone-call': IconPhone,
}

interface ActionItemsProps {
  chat: Chat
  offered: readonly ChatAction[]
  actions: ChatActions
  isOpen: boolean
}

function ActionItems({ chat, offered, actions, isOpen }: ActionItemsProps) {
  const tasks = useWaitingTasks(chat.id, isOpen)
  return (
    <>
      <Menu.Label>{texts.quickActions}</Menu.Label>
      {offered.length === 0 && <Menu.Item disabled>{texts.noActions}</Menu.Item>}
      {offered.map((action) => {
        const Icon = actionIcons[action.icon ?? ''] ?? IconBolt
        return (
          <Menu.Item key={action.id} leftSection={<Icon size={16} />} onClick={() => actions.start(action)}>
            {action.caption}
          </Menu.Item>
        )
      })}
      {tasks.data && tasks.data.length > 0 && <Menu.Label>{texts.waitingForms}</Menu.Label>}
      {tasks.data?.map((task) => (
        <Menu.Item
          key={task.taskId}
          leftSection={<IconForms size={16} />}
          onClick={() => actions.open({ kind: 'form', caption: task.name, form: task })}
        >
          {task.name}
        </Menu.Item>
      ))}
    </>
  )
}

export interface MenusProps {
  chat: Chat
  isMine: boolean
  actions: ChatActions
}

/** The quick actions of the chat, in wide windows; narrow ones have them in the menu of everything else. */
export function ActionsMenu({
  chat,
  actions,
  opened,
  onChange,
}: Omit<MenusProps, 'isMine'> & { opened: boolean; onChange: (opened: boolean) => void }) {
  return (
    <Menu
      position="bottom-end"
      shadow="md"
      width={260}
      withinPortal={false}
      withInitialFocusPlaceholder={false}
      opened={opened}
      onChange={onChange}
      returnFocus
    >
      <Menu.Target>
        <Tooltip label={`${texts.quickActions} (Q)`} disabled={opened}>
          <ActionIcon
            className={classes.wide ?? ''}
            variant="subtle"
            color="gray"
            size="lg"
            loading={actions.run.isPending}
            aria-label={texts.quickActions}
          >
            <IconBolt size={19} stroke={1.7} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        <ActionItems chat={chat} offered={chat.actions} actions={actions} isOpen={opened} />
      </Menu.Dropdown>
    </Menu>
  )
}

export interface MoreMenuProps extends MenusProps {
  profileOpen: boolean
  onToggleProfile: () => void
  translationOpen: boolean
  onToggleTranslation: () => void
}

/** Everything that can be done with the chat. */
export function MoreMenu(props: MoreMenuProps) {
  const { chat, isMine, actions } = props
  return (
    <Menu position="bottom-end" shadow="md" width={260} withinPortal={false} withInitialFocusPlaceholder={false} keepMounted={false}>
      <Menu.Target>
        <Tooltip label={texts.more}>
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label={texts.more}>
            <IconDotsVertical size={18} />
          </ActionIcon>
        </Tooltip>
      </Menu.Target>
      <Menu.Dropdown>
        {isMine && (
          <>
            <Item icon={<IconArrowsExchange size={16} />} text={texts.transfer} onClick={() => actions.open({ kind: 'transfer' })} />
            <Item icon={<IconUserShare size={16} />} text={texts.linkTitle} onClick={() => actions.open({ kind: 'link', action: null })} />
          </>
        )}
        <Item
          icon={<IconLanguage size={16} />}
          text={props.translationOpen ? texts.hideTranslation : texts.showTranslationPanel}
          onClick={props.onToggleTranslation}
        />
        <Item
          icon={<IconUserCircle size={16} />}
          text={props.profileOpen ? texts.hideContact : texts.showContact}
          onClick={props.onToggleProfile}
        />
        {/* Linking is in this menu already. */}
        {isMine && <ActionItems chat={chat} offered={chat.actions.filter((action) => !wantsContact(action))} actions={actions} isOpen />}
        <Menu.Divider />
        <ChatLinks chat={chat} />
      </Menu.Dropdown>
    </Menu>
  )
}

function ChatLinks({ chat: { number, parentChatId, childChatId, previousChatId } }: { chat: Chat }) {
  const copy = async () => {
    await navigator.clipboard.writeText(String(number))
    notifications.show({ message: texts.copied, autoClose: 2_000 })
  }
  const to = (chatId: string) => () => navigate(`/chats/${chatId}`)
  return (
    <>
      {previousChatId && <Item icon={<IconHistory size={16} />} text={texts.previousChat} onClick={to(previousChatId)} />}
      {parentChatId && <Item icon={<IconArrowBackUp size={16} />} text={texts.parentChat} onClick={to(parentChatId)} />}
      {childChatId && <Item icon={<IconArrowForwardUp size={16} />} text={texts.childChat} onClick={to(childChatId)} />}
      <Item icon={<IconCopy size={16} />} text={texts.copyNumber(number)} onClick={() => void copy()} />
      <Item icon={<IconX size={16} />} text={texts.closeChat} onClick={() => navigate('/')} />
    </>
  )
}

function Item({ icon, text, onClick }: { icon: ReactNode; text: string; onClick: () => void }) {
  return (
    <Menu.Item leftSection={icon} onClick={onClick}>
      {text}
    </Menu.Item>
  )
}
