import { ActionIcon, Switch, Textarea, Tooltip } from '@mantine/core'
import { IconLock, IconMessage2Bolt, IconSend2 } from '@tabler/icons-react'
import type { ClipboardEvent, KeyboardEvent, Ref } from 'react'
import type { Chat } from '../../contracts/chats.ts'
import { FileButton } from '../ui/file-button.tsx'
import { languageName } from '../ui/language-name.ts'
import { AttachmentList } from './attachment-list.tsx'
import { limitsText } from './attachments.ts'
import classes from './composer.module.css'
import { TemplatePicker, templateListId, templateOptionId } from './template-picker.tsx'
import { texts } from './texts.ts'
import { type ComposerHandle, type EditorState, useEditor } from './use-editor.ts'

export interface EditorProps {
  chat: Chat
  autoFocus: boolean
  ref: Ref<ComposerHandle>
}

/** From here on the number of characters left is shown. */
const counterFrom = 200

/** Where the agent writes. Mounted anew for each chat. */
export function Editor({ chat, autoFocus, ref }: EditorProps) {
  const editor = useEditor(chat, ref)
  const { note, picker, attachments } = editor
  const label = note ? texts.noteToggle : texts.message
  return (
    <section className={classes.composer} data-note={note || undefined} aria-label={label}>
      {picker.isOpen && <TemplatePicker picker={picker} />}
      {editor.obstacle !== null && <p className={classes.warning}>{editor.obstacle}</p>}
      <AttachmentList attachments={attachments} />
      <div className={classes.field}>
        <FileButton label={texts.attach} hint={limitsText(chat.restrictions)} onFiles={attachments.add} />
        <TextField chat={chat} editor={editor} autoFocus={autoFocus} label={label} />
        <SendButton note={note} disabled={!editor.canSend} onClick={editor.send} />
      </div>
      <Foot chat={chat} editor={editor} />
    </section>
  )
}

function TextField({ chat, editor, autoFocus, label }: { chat: Chat; editor: EditorState; autoFocus: boolean; label: string }) {
  const { note, picker } = editor
  const chosen = picker.isOpen ? [...picker.recent, ...picker.others][picker.active] : undefined
  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    if (event.nativeEvent.isComposing || picker.onKeyDown(event)) return
    if (event.key === 'Enter' && !event.shiftKey) {
      event.preventDefault()
      editor.send()
    } else if (event.key === 'Escape') {
      event.preventDefault()
      editor.field.current?.blur()
      document.querySelector<HTMLElement>(`a[data-tile="${CSS.escape(chat.id)}"]`)?.focus()
    }
  }
  const onPaste = (event: ClipboardEvent) => {
    const { files, types } = event.clipboardData
    // Programs for text and tables put a picture of the text beside it: the text is meant.
    if (files.length === 0 || types.includes('text/plain')) return
    event.preventDefault()
    editor.attachments.add([...files])
  }
  return (
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
      aria-autocomplete="list"
      {...(chosen ? { 'aria-controls': templateListId, 'aria-activedescendant': templateOptionId(chosen.id) } : {})}
      value={editor.draft.text}
      onChange={(event) => editor.change(event.currentTarget.value, event.currentTarget.selectionStart)}
      onSelect={(event) => editor.setCaret(event.currentTarget.selectionStart)}
      onKeyDown={onKeyDown}
      onPaste={onPaste}
    />
  )
}

function Foot({ chat, editor }: { chat: Chat; editor: EditorState }) {
  const { note, draft, attachments } = editor
  const { translation } = chat
  const isWritten = draft.text !== '' || draft.files.length > 0
  return (
    <div className={classes.foot}>
      <Switch
        size="xs"
        color="yellow.9"
        checked={note}
        onChange={(event) => editor.setNote(event.currentTarget.checked)}
        label={texts.noteToggle}
      />
      {translation?.enabled && !note && (
        <Switch
          size="xs"
          checked={editor.translate}
          onChange={(event) => editor.setTranslate(event.currentTarget.checked)}
          label={translation.from ? texts.translateTo(languageName(translation.from)) : texts.translateToCustomer}
        />
      )}
      <Tooltip label={texts.templatesHint}>
        <button type="button" className={classes.textButton} onClick={editor.openPicker}>
          <IconMessage2Bolt size={15} stroke={1.8} aria-hidden />
          {texts.templates}
        </button>
      </Tooltip>
      <span className={classes.hint} id="composer-hint">
        {texts.keysHint}
      </span>
      <span className={classes.push} />
      {attachments.isBusy && <span>{texts.stillUploading}</span>}
      {attachments.hasFailed && <span className={classes.over}>{texts.removeFailed}</span>}
      {isWritten && <span>{draft.state === 'saved' ? texts.draftSaved : texts.draftLocal}</span>}
      <Counter left={editor.left} note={note} />
    </div>
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
