import { Button } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { lazy, Suspense } from 'react'
import { OutboxProvider } from '../chat/outbox-provider.tsx'
import { InboxPage } from '../inbox/inbox-page.tsx'
import { Notifier } from '../inbox/notifier.tsx'
import { RealtimeProvider } from '../realtime/realtime-provider.tsx'
import { useAgent } from '../session/use-session.ts'
import { TopBar } from '../settings/top-bar.tsx'
import { EmptyState } from '../ui/empty-state.tsx'
import { matchPath, navigate } from '../ui/router.tsx'
import { useShortcuts } from '../ui/shortcuts.ts'
import { ConnectionBanner } from './connection-banner.tsx'
import { SidePanel, usePanel } from './side-panel.tsx'
import { texts } from './texts.ts'
import classes from './workplace.module.css'

const ContactPage = lazy(async () => ({ default: (await import('../contacts/contact-page.tsx')).ContactPage }))
const HelpDialog = lazy(async () => ({ default: (await import('../settings/help-dialog.tsx')).HelpDialog }))

/** Everything behind the login: the top bar, the socket, and the page for the path. */
export function Workplace({ path }: { path: string }) {
  const agent = useAgent()
  return (
    <RealtimeProvider key={agent.id}>
      <OutboxProvider agentId={agent.id}>
        <Shell path={path} />
      </OutboxProvider>
    </RealtimeProvider>
  )
}

function Shell({ path }: { path: string }) {
  const [helpOpened, help] = useDisclosure(false)
  const chatId = matchPath('/chats/:id', path)?.id ?? null
  const { panel, close, onNewMessage } = usePanel(chatId !== null || path === '/')
  useShortcuts({ '?': help.open })
  return (
    <div className={classes.shell}>
      <a className={classes.skip} href="#content">
        {texts.skip}
      </a>
      <TopBar onHelp={help.open} />
      <ConnectionBanner />
      <div className={classes.middle}>
        <div className={classes.page}>
          <Page path={path} chatId={chatId} />
        </div>
        {panel && <SidePanel panel={panel} onClose={close} />}
      </div>
      <Notifier openChatId={chatId} onNewMessage={onNewMessage} />
      {helpOpened && (
        <Suspense>
          <HelpDialog onClose={help.close} />
        </Suspense>
      )}
    </div>
  )
}

function Page({ path, chatId }: { path: string; chatId: string | null }) {
  if (chatId !== null || path === '/') return <InboxPage chatId={chatId} />
  const contactId = matchPath('/contacts/:id', path)?.id
  if (contactId === undefined) return <NotFound />
  return (
    <Suspense>
      <ContactPage key={contactId} contactId={contactId} />
    </Suspense>
  )
}

function NotFound() {
  return (
    <main id="content" style={{ height: '100%' }}>
      <EmptyState title={texts.notFoundTitle} text={texts.notFoundText}>
        <Button onClick={() => navigate('/')}>{texts.toInbox}</Button>
      </EmptyState>
    </main>
  )
}
