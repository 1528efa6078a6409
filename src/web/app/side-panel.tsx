import { CloseButton } from '@mantine/core'
import { useEffect, useState } from 'react'
import type { ChatTile } from '../../contracts/chats.ts'
import { ContactCard } from '../contacts/contact-card.tsx'
import { ChatList } from '../inbox/chat-list.tsx'
import { useAcceptChat, useInbox, useSortedInbox } from '../inbox/use-inbox.ts'
import { useSetting } from '../session/use-settings.ts'
import { navigate } from '../ui/router.tsx'
import classes from './side-panel.module.css'
import { texts } from './texts.ts'

export type Panel = { kind: 'inbox' } | { kind: 'contact'; contactId: string; chatId: string }

/**
 * The panel that the setting DefaultPanelForChatProcessing opens when a message comes in while another page than the inbox
 * is open; it closes when the inbox itself is opened.
 */
export function usePanel(isInboxOpen: boolean) {
  const wanted = useSetting('DefaultPanelForChatProcessing')
  const [panel, setPanel] = useState<Panel | null>(null)
  useEffect(() => {
    if (isInboxOpen) setPanel(null)
  }, [isInboxOpen])
  const onNewMessage = (tile: ChatTile) => {
    if (isInboxOpen || wanted === 'none') return
    setPanel(wanted === 'contacts' ? { kind: 'contact', contactId: tile.contact.id, chatId: tile.id } : { kind: 'inbox' })
  }
  return { panel: isInboxOpen ? null : panel, close: () => setPanel(null), onNewMessage }
}

/** New messages beside the page that is open. */
export function SidePanel({ panel, onClose }: { panel: Panel; onClose: () => void }) {
  const title = panel.kind === 'inbox' ? texts.inboxPanel : texts.contactPanel
  return (
    <aside className={classes.panel} aria-label={title}>
      <div className={classes.head}>
        <h2 className={classes.title}>{title}</h2>
        <CloseButton onClick={onClose} aria-label={texts.closePanel} />
      </div>
      {panel.kind === 'inbox' ? <InboxPanel /> : <ContactCard contactId={panel.contactId} chatId={panel.chatId} />}
    </aside>
  )
}

function InboxPanel() {
  const { data, isPending } = useInbox()
  const inbox = useSortedInbox(data, null)
  const { mutate: accept, isPending: isAccepting, variables } = useAcceptChat()
  return (
    <ChatList
      inbox={inbox}
      isLoading={isPending}
      openChatId={null}
      onAccept={(id) => accept(id, { onSuccess: () => navigate(`/chats/${id}`) })}
      acceptingId={isAccepting ? (variables ?? null) : null}
    />
  )
}
