import { type Ref, useImperativeHandle, useLayoutEffect, useRef, useState } from 'react'
import type { Chat } from '../../contracts/chats.ts'
import { useRealtime } from '../realtime/realtime-provider.tsx'
import { useNow } from '../ui/time.ts'
import type { OutgoingContent } from './outbox.ts'
import { useOutbox } from './outbox-provider.tsx'
import { insertTemplate } from './template-query.ts'
import { texts } from './texts.ts'
import { useAttachments } from './use-attachments.ts'
import { useDraft } from './use-draft.ts'
import { useTemplatePicker } from './use-template-picker.ts'

export interface ComposerHandle {
  /** Puts the cursor into the text field; `note` switches between message and private note. */
  focus: (note: boolean) => void
  /** Adds a message that was not sent to what is written already. */
  restore: (content: OutgoingContent) => void
  /** Attaches files to the message. */
  attach: (files: readonly File[]) => void
}

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

/** The text field's cursor, which React does not know of. */
function useCaret() {
  const field = useRef<HTMLTextAreaElement>(null)
  const [caret, setCaret] = useState(0)
  const [wanted, setWanted] = useState<number | null>(null)
  useLayoutEffect(() => {
    if (wanted === null) return
    field.current?.focus()
    field.current?.setSelectionRange(wanted, wanted)
    setCaret(wanted)
    setWanted(null)
  }, [wanted])
  const focus = () => field.current?.focus()
  return { field, caret, setCaret, moveTo: setWanted, focus }
}

/** Why a reply cannot go out to the customer now; null when it can. */
function useObstacle({ restrictions }: Chat): string | null {
  const isOpen = useReplyWindow(restrictions.replyWindowEndsAt)
  if (restrictions.refusal !== null) return `${restrictions.refusal} ${texts.notesStillWork}`
  return isOpen ? null : texts.windowClosed
}

/** What is written, attached and about to be sent in one chat. */
export function useEditor(chat: Chat, ref: Ref<ComposerHandle>) {
  const draft = useDraft(chat)
  const outbox = useOutbox()
  const attachments = useAttachments(chat, draft)
  const signalTyping = useTypingSignal(chat.id)
  const { field, caret, setCaret, moveTo, focus } = useCaret()
  const [note, setNote] = useState(false)
  const [translate, setTranslate] = useState(true)
  const [templateId, setTemplateId] = useState<string | null>(null)
  const obstacle = useObstacle(chat)
  const left = chat.restrictions.maxLength - draft.text.length
  const picker = useTemplatePicker(chat.id, draft.text, caret, (template, query) => {
    const next = insertTemplate(draft.text, query, template.rendered ?? template.body)
    draft.change({ text: next.text })
    setTemplateId(template.id)
    moveTo(next.caret)
  })
  const isEmpty = draft.text.trim() === '' && draft.files.length === 0
  const fits = note || (left >= 0 && obstacle === null)
  const canSend = !isEmpty && fits && !attachments.isBusy && !attachments.hasFailed
  const change = (text: string, position: number) => {
    draft.change({ text })
    setCaret(position)
    if (text === '') setTemplateId(null)
    if (!note) signalTyping()
  }
  const openPicker = () => {
    const before = draft.text.slice(0, caret)
    const sign = before === '' || /\s$/.test(before) ? '//' : ' //'
    draft.change({ text: before + sign + draft.text.slice(caret) })
    moveTo(caret + sign.length)
  }
  const send = () => {
    if (!canSend) return
    outbox.add(chat.id, { text: draft.text.trim(), files: draft.files, note, templateId, translate: note || translate })
    draft.sent(note)
    attachments.clearRefusals()
    setNote(false)
    setTranslate(true)
    setTemplateId(null)
    focus()
  }
  useImperativeHandle(ref, () => ({
    focus: (asNote) => {
      setNote(asNote)
      focus()
    },
    restore: ({ text, files, note: asNote }) => {
      draft.change({ text: draft.text === '' ? text : `${draft.text}\n${text}`, files: [...draft.files, ...files] })
      setNote(asNote)
      focus()
    },
    attach: (files) => {
      attachments.add(files)
      focus()
    },
  }))
  return {
    field,
    setCaret,
    draft,
    attachments,
    picker,
    openPicker,
    note,
    setNote,
    translate,
    setTranslate,
    obstacle: note ? null : obstacle,
    left,
    canSend,
    change,
    send,
  }
}

export type EditorState = ReturnType<typeof useEditor>
