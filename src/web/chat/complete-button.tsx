import { Button, Popover } from '@mantine/core'
import { IconCheck } from '@tabler/icons-react'
import type { Chat } from '../../contracts/chats.ts'
import classes from './chat-header.module.css'
import { texts } from './texts.ts'
import { useCompleteChat } from './use-chat.ts'

export interface CompleteButtonProps {
  chat: Chat
  /** Whether "Complete this chat?" is open. */
  isAsking: boolean
  setAsking: (asking: boolean) => void
}

/** Ends the chat after a question that names what would be lost. */
export function CompleteButton({ chat, isAsking, setAsking }: CompleteButtonProps) {
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
