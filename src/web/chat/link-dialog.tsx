import { Button, Loader, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import type { Chat } from '../../contracts/chats.ts'
import type { Contact } from '../../contracts/contacts.ts'
import { ApiError, explain } from '../api/client.ts'
import { searchContacts } from '../api/contacts.ts'
import { keys } from '../api/keys.ts'
import { channelNames } from '../ui/channel-icon.tsx'
import { type Choice, ChoiceList } from '../ui/choice-list.tsx'
import { ContactAvatar } from '../ui/contact-avatar.tsx'
import { Dialog, DialogActions } from '../ui/dialog.tsx'
import { initialsOf } from '../ui/initials.ts'
import { Link } from '../ui/router.tsx'
import classes from './dialogs.module.css'
import { texts } from './texts.ts'

export interface LinkDialogProps {
  chat: Chat
  onClose: () => void
  onLink: (contact: Contact) => void
  isLinking: boolean
  error: Error | null
}

const waysTo = (contact: Contact) => [contact.mobilePhone, contact.email, contact.account?.name].filter(Boolean).join(', ')

function choicesOf(contacts: readonly Contact[]): Choice[] {
  return contacts.map((contact) => ({
    id: contact.id,
    title: contact.name,
    icon: <ContactAvatar id={contact.id} initials={initialsOf(contact.name)} photoUrl={contact.photoUrl} size={30} />,
    details: waysTo(contact) || texts.noDetails,
  }))
}

/** Finds the contact the chat really belongs to. */
export function LinkDialog({ chat, onClose, onLink, isLinking, error }: LinkDialogProps) {
  const [q, setQ] = useState('')
  const [asked] = useDebouncedValue(q.trim(), 200)
  const [chosenId, setChosenId] = useState<string | null>(null)
  const found = useQuery({
    queryKey: keys.contacts(asked),
    queryFn: ({ signal }) => searchContacts(asked, signal),
    placeholderData: keepPreviousData,
  })
  const contacts = found.data?.filter((contact) => contact.id !== chat.contact.id && contact.removedAt === null) ?? []
  const chosen = contacts.find((contact) => contact.id === chosenId) ?? null
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (chosen) onLink(chosen)
  }
  return (
    <Dialog title={texts.linkTitle} onClose={onClose}>
      <form onSubmit={submit}>
        <TextInput
          label={texts.findContact}
          placeholder={texts.findContactHint}
          data-autofocus
          mb="xs"
          value={q}
          onChange={(event) => setQ(event.currentTarget.value)}
          rightSection={found.isFetching ? <Loader size={14} /> : null}
        />
        {found.isError && <p className={classes.error}>{explain(found.error)}</p>}
        {found.data && contacts.length === 0 && <p className={classes.hint}>{texts.noContacts}</p>}
        {contacts.length > 0 && (
          <ChoiceList label={texts.contacts} choices={choicesOf(contacts)} chosen={chosenId} onChoose={setChosenId} />
        )}
        {chosen && <Preview contact={chosen} previous={chat.contact.name} />}
        {error && <Refusal error={error} name={chosen?.name ?? texts.thisContact} onFollow={onClose} />}
        <DialogActions>
          <Button type="submit" disabled={chosen === null} loading={isLinking}>
            {texts.linkDo}
          </Button>
          <Button variant="default" onClick={onClose}>
            {texts.cancel}
          </Button>
        </DialogActions>
      </form>
    </Dialog>
  )
}

function Preview({ contact, previous }: { contact: Contact; previous: string }) {
  const rows: [string, string | null][] = [
    [texts.phone, contact.mobilePhone],
    [texts.email, contact.email],
    [texts.account, contact.account?.name ?? null],
    [texts.channels, [...new Set(contact.identities.map(({ channelKind }) => channelNames[channelKind]))].join(', ') || null],
  ]
  return (
    <div className={classes.preview} aria-live="polite">
      <p className={classes.previewTitle}>{contact.name}</p>
      <dl>
        {rows.map(([label, value]) => (
          <div key={label} style={{ display: 'contents' }}>
            <dt>{label}</dt>
            <dd>{value ?? texts.unknown}</dd>
          </div>
        ))}
      </dl>
      <p className={classes.hint}>{texts.linkHint(contact.name, previous)}</p>
    </div>
  )
}

/** The chat in the way, from the refusal. */
function otherChat(error: Error): { id: string; number: number } | null {
  const chat = error instanceof ApiError ? error.members.chat : null
  if (typeof chat !== 'object' || chat === null || !('id' in chat) || !('number' in chat)) return null
  return { id: String(chat.id), number: Number(chat.number) }
}

function Refusal({ error, name, onFollow }: { error: Error; name: string; onFollow: () => void }) {
  const other = otherChat(error)
  const isOpenChat = error instanceof ApiError && error.code === 'CONTACT_HAS_OPEN_CHAT'
  return (
    <p className={classes.error} role="alert">
      {isOpenChat ? texts.linkOpenChat(name) : explain(error)}{' '}
      {other && (
        <Link href={`/chats/${other.id}`} onClick={onFollow}>
          {texts.openChat(other.number)}
        </Link>
      )}
    </p>
  )
}
