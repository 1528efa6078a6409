import { Button, Loader } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { IconArrowLeft, IconPencil, IconUserOff } from '@tabler/icons-react'
import { useState } from 'react'
import type { Contact } from '../../contracts/contacts.ts'
import { explain } from '../api/client.ts'
import { useAgent } from '../session/use-session.ts'
import { channelNames } from '../ui/channel-icon.tsx'
import { ContactAvatar } from '../ui/contact-avatar.tsx'
import { EmptyState } from '../ui/empty-state.tsx'
import { initialsOf } from '../ui/initials.ts'
import { languageName } from '../ui/language-name.ts'
import { Link, navigate } from '../ui/router.tsx'
import { fullTime } from '../ui/time.ts'
import { useTitle } from '../ui/use-title.ts'
import { ContactChats } from './contact-chats.tsx'
import { ContactForm } from './contact-form.tsx'
import classes from './contact-page.module.css'
import { texts } from './texts.ts'
import { useContact, useRestoreContact } from './use-contacts.ts'

/** One contact: what is known, and the chats on all channels. */
export function ContactPage({ contactId }: { contactId: string }) {
  const contact = useContact(contactId)
  useTitle(contact.data?.name ?? texts.title)
  return (
    <main className={classes.page} id="content" tabIndex={-1}>
      <div className={classes.content}>
        <Button
          variant="subtle"
          color="gray"
          size="compact-sm"
          leftSection={<IconArrowLeft size={16} />}
          onClick={() => window.history.back()}
        >
          {texts.back}
        </Button>
        {contact.isPending ? (
          <Loader size="sm" m="lg" aria-label={texts.loading} />
        ) : contact.isError ? (
          <EmptyState icon={<IconUserOff size={26} stroke={1.6} />} title={texts.failedTitle} text={explain(contact.error)}>
            <Button onClick={() => void contact.refetch()}>{texts.tryAgain}</Button>
            <Button variant="default" onClick={() => navigate('/')}>
              {texts.toInbox}
            </Button>
          </EmptyState>
        ) : (
          <Loaded contact={contact.data} />
        )}
      </div>
    </main>
  )
}

function Loaded({ contact }: { contact: Contact }) {
  const [isEditing, setEditing] = useState(false)
  return (
    <>
      <div className={classes.head}>
        <ContactAvatar id={contact.id} initials={initialsOf(contact.name)} photoUrl={contact.photoUrl} size={56} />
        <h1 className={classes.name}>{contact.name}</h1>
        {!isEditing && contact.removedAt === null && (
          <Button variant="default" size="sm" leftSection={<IconPencil size={16} />} onClick={() => setEditing(true)}>
            {texts.edit}
          </Button>
        )}
      </div>
      {contact.removedAt !== null && <Removed contact={contact} />}
      <div className={classes.columns}>
        <section className={classes.card} aria-label={texts.details}>
          <h2 className={classes.title}>{texts.details}</h2>
          {isEditing ? <ContactForm contact={contact} onDone={() => setEditing(false)} /> : <Details contact={contact} />}
        </section>
        <ContactChats contactId={contact.id} />
      </div>
    </>
  )
}

function Details({ contact }: { contact: Contact }) {
  const identities = contact.identities.map(({ channelKind, externalId, name }) => `${channelNames[channelKind]}: ${name ?? externalId}`)
  const rows: [string, string | null][] = [
    [texts.phone, contact.mobilePhone],
    [texts.email, contact.email],
    [texts.account, contact.account?.name ?? null],
    [texts.language, contact.language && languageName(contact.language)],
    [texts.writesOn, identities.join(', ') || null],
    ...Object.entries(contact.custom).map(([name, value]): [string, string | null] => [name, value === null ? null : String(value)]),
    [texts.notes, contact.notes],
    [texts.since, fullTime(contact.createdAt)],
  ]
  return (
    <dl className={classes.fields}>
      {rows.map(([label, value]) => (
        <div key={label}>
          <dt>{label}</dt>
          <dd data-empty={value === null || undefined}>{value ?? texts.empty}</dd>
        </div>
      ))}
    </dl>
  )
}

function Removed({ contact }: { contact: Contact }) {
  const { role } = useAgent()
  const restore = useRestoreContact(contact.id)
  const bringBack = () =>
    restore.mutate(undefined, {
      onError: (error) => notifications.show({ color: 'red', title: texts.restoreFailed, message: explain(error) }),
    })
  return (
    <div className={classes.removed} role="note">
      <span>
        {contact.mergedInto ? `${texts.removedInto} ` : texts.removed}
        {contact.mergedInto && <Link href={`/contacts/${contact.mergedInto.id}`}>{contact.mergedInto.name}</Link>}
      </span>
      {role === 'admin' && (
        <Button size="compact-sm" variant="default" loading={restore.isPending} onClick={bringBack}>
          {texts.restore}
        </Button>
      )}
    </div>
  )
}
