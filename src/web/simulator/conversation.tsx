import { ActionIcon, Button, CloseButton, Textarea } from '@mantine/core'
import { IconSend2 } from '@tabler/icons-react'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type KeyboardEvent, useEffect, useRef, useState } from 'react'
import { explain, isPassing } from '../api/client.ts'
import { keys } from '../api/keys.ts'
import { fetchSimulatorView, postAsCustomer, type SimulatorMessage, uploadAsCustomer } from '../api/simulator.ts'
import { ContactAvatar } from '../ui/contact-avatar.tsx'
import { EmptyState } from '../ui/empty-state.tsx'
import { FileButton } from '../ui/file-button.tsx'
import { Files } from '../ui/files.tsx'
import { initialsOf } from '../ui/initials.ts'
import { LinkedText } from '../ui/linked-text.tsx'
import { clockTime } from '../ui/time.ts'
import classes from './conversation.module.css'
import type { Customer } from './customers.ts'
import { texts } from './texts.ts'

const pollMs = 1_000

/** One customer's telephone: what they wrote and what came back. Mounted anew for each customer. */
export function Conversation({ customer }: { customer: Customer }) {
  const { channelId, from, name } = customer
  const view = useQuery({
    queryKey: keys.simulatorMessages(channelId, from),
    queryFn: ({ signal }) => fetchSimulatorView(channelId, from, signal),
    refetchInterval: pollMs,
    retry: false,
  })
  const sender = useSender(customer)
  const items = view.data?.items ?? []
  const end = useRef<HTMLDivElement>(null)
  const length = items.length + sender.unsent.length
  useEffect(() => {
    if (length > 0) end.current?.scrollIntoView({ block: 'end' })
  }, [length])
  return (
    <>
      <div className={classes.head}>
        <ContactAvatar id={from} initials={initialsOf(name)} photoUrl={null} size={32} />
        <h2 className={classes.name}>{name}</h2>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region must be reachable by keyboard */}
      <div className={classes.messages} role="log" aria-label={texts.conversation(name)} tabIndex={0}>
        {length === 0 && !view.isPending && <EmptyState title={texts.firstTitle(name)} text={texts.firstText} />}
        {items.map((message) => (
          <Bubble key={message.id} message={message} />
        ))}
        {sender.unsent.map((message) => (
          <UnsentBubble
            key={message.messageId}
            message={message}
            onRetry={() => sender.send(message.text, message.files, message.messageId)}
          />
        ))}
        {view.data?.typing && <p className={classes.typing}>{texts.typing}</p>}
        {view.isError && <p className={classes.stale}>{`${texts.stale} ${explain(view.error)}`}</p>}
        <div ref={end} />
      </div>
      <Entry name={name} onSend={(text, files) => sender.send(text, files, crypto.randomUUID())} />
    </>
  )
}

interface Unsent {
  messageId: string
  text: string
  files: File[]
  error: string | null
}

/** Sends with the same id until the server has it; what it refuses stays in view. */
function useSender({ channelId, from, name }: Customer) {
  const client = useQueryClient()
  const [unsent, setUnsent] = useState<Unsent[]>([])
  const { mutate } = useMutation({
    mutationFn: async ({ text, files, messageId }: Omit<Unsent, 'error'>) => {
      const uploaded = await Promise.all(files.map((file) => uploadAsCustomer(channelId, file)))
      await postAsCustomer(channelId, { from, name, text, fileIds: uploaded.map((file) => file.id), messageId })
    },
    retry: (count, error) => isPassing(error) && count < 4,
    scope: { id: `simulator-${from}` },
    onSuccess: async (_answer, { messageId }) => {
      await client.invalidateQueries({ queryKey: keys.simulatorMessages(channelId, from) })
      setUnsent((list) => list.filter((message) => message.messageId !== messageId))
    },
    onError: (error, { messageId }) =>
      setUnsent((list) => list.map((message) => (message.messageId === messageId ? { ...message, error: explain(error) } : message))),
  })
  const send = (text: string, files: File[], messageId: string) => {
    setUnsent((list) => [...list.filter((message) => message.messageId !== messageId), { messageId, text, files, error: null }])
    mutate({ text, files, messageId })
  }
  return { unsent, send }
}

function Bubble({ message }: { message: SimulatorMessage }) {
  const isOwn = message.direction === 'incoming'
  return (
    <div className={classes.row} data-own={isOwn || undefined}>
      <div className={classes.bubble}>
        <Files files={message.files} />
        {message.text && <LinkedText text={message.text} />}
        <time className={classes.time} dateTime={message.at}>
          {clockTime(message.at)}
        </time>
      </div>
    </div>
  )
}

function UnsentBubble({ message, onRetry }: { message: Unsent; onRetry: () => void }) {
  return (
    <div className={classes.row} data-own>
      <div className={classes.bubble} data-unsent>
        {message.files.map((file) => (
          <span key={file.name} className={classes.pendingFile}>
            {file.name}
          </span>
        ))}
        <LinkedText text={message.text} />
        <span className={classes.time}>{message.error === null ? texts.sending : ''}</span>
      </div>
      {message.error !== null && (
        <p className={classes.error} role="alert">
          {texts.notSent} {message.error}
          <Button size="compact-xs" variant="default" onClick={onRetry}>
            {texts.tryAgain}
          </Button>
        </p>
      )}
    </div>
  )
}

interface EntryProps {
  name: string
  onSend: (text: string, files: File[]) => void
}

function Entry({ name, onSend }: EntryProps) {
  const [text, setText] = useState('')
  const [files, setFiles] = useState<File[]>([])
  const isEmpty = text.trim() === '' && files.length === 0
  const send = () => {
    if (isEmpty) return
    onSend(text.trim(), files)
    setText('')
    setFiles([])
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return
    event.preventDefault()
    send()
  }
  return (
    <form
      className={classes.entry}
      onSubmit={(event) => {
        event.preventDefault()
        send()
      }}
    >
      {files.length > 0 && (
        <ul className={classes.attached} aria-label={texts.attached}>
          {files.map((file, index) => (
            <li key={`${file.name}-${index}`} className={classes.attachment}>
              {file.name}
              <CloseButton
                size="sm"
                aria-label={texts.removeFile(file.name)}
                onClick={() => setFiles(files.filter((other) => other !== file))}
              />
            </li>
          ))}
        </ul>
      )}
      <FileButton label={texts.attach} onFiles={(more) => setFiles([...files, ...more])} />
      <Textarea
        className={classes.input ?? ''}
        autosize
        minRows={1}
        maxRows={5}
        radius="lg"
        placeholder={texts.placeholder(name)}
        aria-label={texts.placeholder(name)}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      <ActionIcon type="submit" size={36} radius="xl" disabled={isEmpty} aria-label={texts.send}>
        <IconSend2 size={18} />
      </ActionIcon>
    </form>
  )
}
