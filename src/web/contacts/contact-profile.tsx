import { CloseButton } from '@mantine/core'
import type { ReactNode } from 'react'
import type { Chat } from '../../contracts/chats.ts'
import { ContactAvatar } from '../ui/contact-avatar.tsx'
import { Link } from '../ui/router.tsx'
import { fullTime } from '../ui/time.ts'
import classes from './contact-profile.module.css'
import { texts } from './texts.ts'

export interface ContactProfileProps {
  chat: Chat
  onClose: () => void
  /** What can be changed about the chat. */
  children?: ReactNode
}

/** What is known of the contact and the chat; the fields are chosen by the administrator. */
export function ContactProfile({ chat, onClose, children }: ContactProfileProps) {
  const about: [string, string | null][] = [
    [texts.number, String(chat.number)],
    [texts.queue, chat.queue.name],
    [texts.agent, chat.agent?.name ?? null],
    [texts.started, fullTime(chat.createdAt)],
    [texts.accepted, chat.acceptedAt && fullTime(chat.acceptedAt)],
    [texts.completed, chat.completedAt && fullTime(chat.completedAt)],
  ]
  return (
    <aside className={classes.profile} id="contact-profile" aria-label={texts.title}>
      <div className={classes.head}>
        <ContactAvatar id={chat.contact.id} initials={chat.contact.initials} photoUrl={chat.contact.photoUrl} size={44} />
        <h2 className={classes.name}>
          <Link href={`/contacts/${chat.contact.id}`}>{chat.contact.name}</Link>
        </h2>
        <CloseButton onClick={onClose} aria-label={texts.close} />
      </div>
      <dl className={classes.fields}>
        {chat.contactProfile.map((field) => (
          <Field key={field.field} label={field.label} value={field.value} />
        ))}
      </dl>
      <h3 className={classes.title}>{texts.chat}</h3>
      <dl className={classes.fields}>
        {about.map(([label, value]) => value !== null && <Field key={label} label={label} value={value} />)}
      </dl>
      {children}
    </aside>
  )
}

function Field({ label, value }: { label: string; value: string | null }) {
  return (
    <div className={classes.field}>
      <dt>{label}</dt>
      <dd data-empty={value === null || undefined}>{value ?? texts.empty}</dd>
    </div>
  )
}
