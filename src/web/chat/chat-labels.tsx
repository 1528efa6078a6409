import { CloseButton, NativeSelect, TextInput } from '@mantine/core'
import { type FormEvent, useState } from 'react'
import type { Chat } from '../../contracts/chats.ts'
import classes from './chat-labels.module.css'
import { texts } from './texts.ts'
import { usePatchChat } from './use-chat.ts'

const priorities = [
  { value: '0', label: texts.priorityNormal },
  { value: '50', label: texts.priorityHigh },
  { value: '100', label: texts.priorityUrgent },
]
const longestTag = 50

/** Tags and priority of the chat. */
export function ChatLabels({ chat }: { chat: Chat }) {
  const patch = usePatchChat(chat.id)
  const [typed, setTyped] = useState('')
  const known = priorities.some(({ value }) => Number(value) === chat.priority)
  const add = (event: FormEvent) => {
    event.preventDefault()
    const tag = typed.trim()
    if (tag !== '' && !chat.tags.includes(tag)) patch.mutate({ tags: [...chat.tags, tag] })
    setTyped('')
  }
  return (
    <div className={classes.labels}>
      <h3 className={classes.title}>{texts.tags}</h3>
      {chat.tags.length > 0 && (
        <ul className={classes.tags} aria-label={texts.tags}>
          {chat.tags.map((tag) => (
            <li key={tag} className={classes.tag}>
              {tag}
              <CloseButton
                size={20}
                aria-label={texts.removeTag(tag)}
                onClick={() => patch.mutate({ tags: chat.tags.filter((other) => other !== tag) })}
              />
            </li>
          ))}
        </ul>
      )}
      <form onSubmit={add}>
        <TextInput
          size="xs"
          aria-label={texts.addTag}
          placeholder={texts.addTag}
          maxLength={longestTag}
          value={typed}
          disabled={patch.isPending}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
      </form>
      <NativeSelect
        size="xs"
        mt="sm"
        label={texts.priority}
        data={known ? priorities : [...priorities, { value: String(chat.priority), label: String(chat.priority) }]}
        value={String(chat.priority)}
        disabled={patch.isPending}
        onChange={(event) => patch.mutate({ priority: Number(event.currentTarget.value) })}
      />
    </div>
  )
}
