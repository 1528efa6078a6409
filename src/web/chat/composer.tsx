import { Button } from '@mantine/core'
import { IconCircleCheck, IconHandStop, IconUser } from '@tabler/icons-react'
import type { Ref } from 'react'
import type { Chat } from '../../contracts/chats.ts'
import { navigate } from '../ui/router.tsx'
import classes from './composer.module.css'
import { Editor } from './editor.tsx'
import { texts } from './texts.ts'
import type { ComposerHandle } from './use-editor.ts'

export interface ComposerProps {
  chat: Chat
  isMine: boolean
  onAccept: () => void
  isAccepting: boolean
  /** The agent has just accepted the chat and wants to write. */
  autoFocus: boolean
  ref: Ref<ComposerHandle>
}

/** Where the agent writes, or why writing is not possible. */
export function Composer({ chat, isMine, onAccept, isAccepting, autoFocus, ref }: ComposerProps) {
  if (isMine) return <Editor chat={chat} autoFocus={autoFocus} ref={ref} />
  if (chat.status === 'waiting') {
    return (
      <Closed icon={<IconHandStop size={18} aria-hidden />} text={texts.acceptFirst}>
        <Button size="xs" onClick={onAccept} loading={isAccepting}>
          {texts.accept}
        </Button>
      </Closed>
    )
  }
  if (chat.status === 'in_progress') {
    return <Closed icon={<IconUser size={18} aria-hidden />} text={chat.agent ? texts.ownedBy(chat.agent.name) : texts.unowned} />
  }
  const { childChatId } = chat
  return (
    <Closed icon={<IconCircleCheck size={18} aria-hidden />} text={childChatId ? `${texts.readOnly} ${texts.continues}` : texts.readOnly}>
      {childChatId && (
        <Button size="xs" variant="default" onClick={() => navigate(`/chats/${childChatId}`)}>
          {texts.childChat}
        </Button>
      )}
    </Closed>
  )
}

function Closed({ icon, text, children }: { icon: React.ReactNode; text: string; children?: React.ReactNode }) {
  return (
    <section className={classes.closed} role="status">
      {icon}
      <span>{text}</span>
      {children}
    </section>
  )
}
