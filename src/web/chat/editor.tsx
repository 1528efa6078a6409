import { ActionIcon, Switch, Textarea, Tooltip } from '@mantine/core'
import { IconLock, IconSend2 } from '@tabler/icons-react'
import { type KeyboardEvent, type Ref, useImperativeHandle, useRef, useState } from 'react'
import type { Chat } from '../../contracts/chats.ts'
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

export interface EditorProps {
  chat: Chat
  autoFocus: boolean
  ref: Ref<ComposerHandle>
}

/** From here on the number of characters left is shown. */
const counterFrom = 200

/** Whether the channel takes messages at the moment; some only for a time after the customer's last message. */
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

function useEditor({ chat, ref }: Pick<EditorProps, 'chat' | 'ref'>) {
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
  const change = (text: string) => {
    draft.change(text)
    if (!note) signalTyping()
  }
  const send = () => {
    if (!canSend) return
    outbox.add(chat.id, draft.text.trim(), note)
    draft.sent(note)
    setNote(false)
    focus()
  }
  return { field, draft, note, setNote, isOpen, left, canSend, change, send }
}

/** Where the agent writes. Mounted anew for each chat. */
export function Editor({ chat, autoFocus, ref }: EditorProps) {
  const editor = useEditor({ chat, ref })
  const { note, draft } = editor
  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.nativeEvent.isComposing) return
    if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault()
      editor.send()
    } else if (event.key === 'Escape') {
      event.preventDefault()
      editor.field.current?.blur()
      document.querySelector<HTMLElement>(`a[data-tile="${CSS.escape(chat.id)}"]`)?.focus()
    }
  }
  const label = note ? texts.noteToggle : texts.message
  return (
    <section className={classes.composer} data-note={note || undefined} aria-label={label}>
      {!editor.isOpen && <p className={classes.warning}>{texts.windowClosed}</p>}
      <div className={classes.field}>
        <Textarea
          ref={editor.field}
          className={classes.input ?? ''}
          variant="unstyled"
          autosize
          minRows={1}
          maxRows={8}
          autoFocus={autoFocus}
          placeholder={note ? texts.notePlaceholder : texts.placeholder}
          aria-label={label}
          aria-describedby="composer-hint"
          value={draft.text}
          onChange={(event) => editor.change(event.currentTarget.value)}
          onKeyDown={onKeyDown}
        />
        <SendButton note={note} disabled={!editor.canSend} onClick={editor.send} />
      </div>
      <div className={classes.foot}>
        <Switch
          size="xs"
          color="yellow.9"
          checked={note}
          onChange={(event) => editor.setNote(event.currentTarget.checked)}
          label={texts.noteToggle}
        />
        <span className={classes.hint} id="composer-hint">
          {texts.keysHint}
        </span>
        {draft.text !== '' && <span>{draft.state === 'saved' ? texts.draftSaved : texts.draftLocal}</span>}
        <span className={classes.push} />
        <Counter left={editor.left} note={note} />
      </div>
    </section>
  )
}

function SendButton({ note, disabled, onClick }: { note: boolean; disabled: boolean; onClick: () => void }) {
  const label = note ? texts.saveNote : texts.send
  return (
    <Tooltip label={label}>
      <ActionIcon size={36} radius="xl" onClick={onClick} disabled={disabled} aria-label={label}>
        {note ? <IconLock size={18} /> : <IconSend2 size={18} />}
      </ActionIcon>
    </Tooltip>
  )
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
