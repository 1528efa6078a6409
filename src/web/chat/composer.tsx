import { ActionIcon, Button, Switch, Textarea, Tooltip } from '@mantine/core'
import { IconCircleCheck, IconHandStop, IconLock, IconSend2, IconUser } from '@tabler/icons-react'
import { type KeyboardEvent, type Ref, useImperativeHandle, useRef, useState } from 'react'
import type { Chat } from '../../contracts/chats.ts'
import { navigate } from '../app/router.tsx'
import { useRealtime } from '../realtime/realtime-provider.tsx'
import { useNow } from '../ui/time.ts'
import classes from './composer.module.css'
import { useOutbox } from './outbox-provider.tsx'
import { texts } from './texts.ts'
import { useDraft } from './use-draft.ts'

export interface ComposerHandle {
  /** Puts the cursor into the text field; `note` switches between message and private note. */
  focus: (note: boolean) => void
  /** Adds text to what is written already. */
  insert: (text: string) => void
}

export interface ComposerProps {
  chat: Chat
  isMine: boolean
  onAccept: () => void
  isAccepting: boolean
  ref: Ref<ComposerHandle>
}

/** Where the agent writes, or why writing is not possible. */
export function Composer({ chat, isMine, onAccept, isAccepting, ref }: ComposerProps) {
  if (isMine) return <Editor chat={chat} ref={ref} />
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

/** From here on the number of characters left is shown. */
const counterFrom = 200

function useReplyWindow(endsAt: string | null): boolean {
  const now = useNow(15_000)
  return endsAt === null || Date.parse(endsAt) > now
}

/** Tells others that somebody is writing, at most every three seconds. */
function useTypingSignal(chatId: string): () => void {
  const { realtime } = useRealtime()
  const last = useRef(0)
  return () => {
    if (Date.now() - last.current < 3_000) return
    last.current = Date.now()
    realtime.send({ type: 'typing', chatId })
  }
}

function Editor({ chat, ref }: { chat: Chat; ref: Ref<ComposerHandle> }) {
  const draft = useDraft(chat)
  const outbox = useOutbox()
  const signalTyping = useTypingSignal(chat.id)
  const [note, setNote] = useState(false)
  const field = useRef<HTMLTextAreaElement>(null)
  const isOpen = useReplyWindow(chat.restrictions.replyWindowEndsAt)
  const left = chat.restrictions.maxLength - draft.text.length
  const canSend = draft.text.trim() !== '' && (note || (left >= 0 && isOpen))

  const focus = () => field.current?.focus()
  useImperativeHandle(ref, () => ({
    focus: (asNote) => {
      setNote(asNote)
      focus()
    },
    insert: (text) => {
      draft.change(draft.text === '' ? text : `${draft.text}\n${text}`)
      focus()
    },
  }))

  const send = () => {
    if (!canSend) return
    outbox.add(chat.id, draft.text.trim(), note)
    draft.sent(note)
    setNote(false)
    focus()
  }
  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.nativeEvent.isComposing) return
    if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault()
      send()
    } else if (event.key === 'Escape') {
      event.preventDefault()
      document.querySelector<HTMLElement>(`a[data-tile="${CSS.escape(chat.id)}"]`)?.focus()
      field.current?.blur()
    }
  }
  return (
    <section className={classes.composer} data-note={note || undefined} aria-label={note ? texts.noteToggle : texts.message}>
      {!isOpen && <p className={classes.warning}>{texts.windowClosed}</p>}
      <div className={classes.field}>
        <Textarea
          ref={field}
          className={classes.input ?? ''}
          variant="unstyled"
          autosize
          minRows={1}
          maxRows={8}
          placeholder={note ? texts.notePlaceholder : texts.placeholder}
          aria-label={note ? texts.noteToggle : texts.message}
          aria-describedby="composer-hint"
          value={draft.text}
          onChange={(event) => {
            draft.change(event.currentTarget.value)
            if (!note) signalTyping()
          }}
          onKeyDown={onKeyDown}
        />
        <Tooltip label={note ? texts.saveNote : texts.send}>
          <ActionIcon size={36} radius="xl" onClick={send} disabled={!canSend} aria-label={note ? texts.saveNote : texts.send}>
            {note ? <IconLock size={18} /> : <IconSend2 size={18} />}
          </ActionIcon>
        </Tooltip>
      </div>
      <div className={classes.foot}>
        <Switch
          size="xs"
          color="yellow.9"
          checked={note}
          onChange={(event) => setNote(event.currentTarget.checked)}
          label={texts.noteToggle}
        />
        <span className={classes.hint} id="composer-hint">
          {texts.keysHint}
        </span>
        <DraftState text={draft.text} state={draft.state} />
        <span className={classes.push} />
        <Counter left={left} note={note} />
      </div>
    </section>
  )
}

function DraftState({ text, state }: { text: string; state: 'saved' | 'local' }) {
  if (text === '') return null
  return <span className={classes.saved}>{state === 'saved' ? texts.draftSaved : texts.draftLocal}</span>
}

/** Notes never leave Parley, so the channel's limit is not theirs. */
function Counter({ left, note }: { left: number; note: boolean }) {
  if (note || left > counterFrom) return null
  if (left < 0) {
    return (
      <span className={classes.over} role="alert">
        {texts.tooLong(-left)}
      </span>
    )
  }
  return (
    <span className={classes.left} role="status">
      {texts.counter(left)}
    </span>
  )
}
