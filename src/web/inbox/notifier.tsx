import { VisuallyHidden } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useEffect, useRef, useState } from 'react'
import type { ChatTile } from '../../contracts/chats.ts'
import { useRealtime } from '../realtime/realtime-provider.tsx'
import { useAgent } from '../session/use-session.ts'
import { useSetting } from '../session/use-settings.ts'
import { playSound, type Sound, soundOf } from '../settings/chime.ts'
import { showNotification } from '../settings/web-notifications.ts'
import { navigate } from '../ui/router.tsx'
import { texts } from './texts.ts'

/** Whether the push brought a customer's message that the inbox did not show before. */
export function bringsNewMessage(tile: ChatTile, before: ChatTile | undefined): boolean {
  const last = tile.lastMessage
  if (last?.direction !== 'incoming' || tile.status === 'completed') return false
  if (!before) return true
  return before.lastMessage === null || Date.parse(last.at) > Date.parse(before.lastMessage.at)
}

/** Several tabs hear the same push; the one that gets the lock makes the sound. */
function soundOnce(sound: Sound): void {
  if (!('locks' in navigator)) {
    playSound(sound)
    return
  }
  void navigator.locks.request('parley.chime', { ifAvailable: true }, async (lock) => {
    if (!lock) return
    playSound(sound)
    await new Promise((resolve) => window.setTimeout(resolve, 700))
  })
}

export interface NotifierProps {
  openChatId: string | null
  /** A customer wrote something that the agent is not looking at. */
  onNewMessage: (tile: ChatTile) => void
}

/** Sound, browser notification and a spoken line for messages the agent is not looking at. */
export function Notifier({ openChatId, onNewMessage }: NotifierProps) {
  const { realtime } = useRealtime()
  const { notifications: wanted } = useAgent()
  const [spoken, setSpoken] = useState('')
  const sound = soundOf(useSetting('NotificationSound'))
  const current = useRef({ openChatId, wanted, sound, onNewMessage })
  useEffect(() => {
    current.current = { openChatId, wanted, sound, onNewMessage }
  })
  useEffect(
    () =>
      realtime.listen({
        onTile: (tile, before) => {
          const { openChatId: open, wanted: settings, sound: chosen, onNewMessage: tell } = current.current
          if (!bringsNewMessage(tile, before)) return
          const isWatching = document.visibilityState === 'visible' && document.hasFocus() && tile.id === open
          if (isWatching) return
          const title = before ? texts.newMessage(tile.contact.name) : texts.newChat(tile.contact.name)
          setSpoken(title)
          tell(tile)
          if (settings.sound) soundOnce(chosen)
          if (settings.browser) {
            const body = tile.lastMessage?.text ?? texts.noText
            showNotification({ title, body, tag: tile.id, onClick: () => navigate(`/chats/${tile.id}`) })
          }
        },
        onNotification: ({ title, text, severity, chatId }) => {
          const color = { info: 'petrol', warning: 'orange', error: 'red' }[severity]
          const open = chatId === null ? {} : { onClick: () => navigate(`/chats/${chatId}`), style: { cursor: 'pointer' } }
          notifications.show({ title, message: text, color, ...open })
        },
      }),
    [realtime],
  )
  return (
    <VisuallyHidden role="status" aria-live="polite">
      {spoken}
    </VisuallyHidden>
  )
}
