import { Loader } from '@mantine/core'
import { explain } from '../api/client.ts'
import { ContactAvatar } from '../ui/contact-avatar.tsx'
import { initialsOf } from '../ui/initials.ts'
import { Link } from '../ui/router.tsx'
import classes from './contact-card.module.css'
import { texts } from './texts.ts'
import { useContact } from './use-contacts.ts'

/** A contact in short, with the ways on. */
export function ContactCard({ contactId, chatId }: { contactId: string; chatId: string }) {
  const { data: contact, isPending, error } = useContact(contactId)
  if (isPending) return <Loader size="sm" m="md" aria-label={texts.loading} />
  if (!contact) return <p className={classes.card}>{explain(error)}</p>
  return (
    <div className={classes.card}>
      <div className={classes.head}>
        <ContactAvatar id={contact.id} initials={initialsOf(contact.name)} photoUrl={contact.photoUrl} size={40} />
        <span className={classes.name}>{contact.name}</span>
      </div>
      <dl>
        <dt>{texts.phone}</dt>
        <dd>{contact.mobilePhone ?? texts.empty}</dd>
        <dt>{texts.email}</dt>
        <dd>{contact.email ?? texts.empty}</dd>
      </dl>
      <p className={classes.links}>
        <Link href={`/contacts/${contact.id}`}>{texts.openContact}</Link>
        <Link href={`/chats/${chatId}`}>{texts.openChat}</Link>
      </p>
    </div>
  )
}
