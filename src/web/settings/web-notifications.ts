export type Permission = NotificationPermission | 'missing'

/** Whether this browser shows notifications of this site; `missing` = it cannot. */
export function permission(): Permission {
  return 'Notification' in window ? Notification.permission : 'missing'
}

/** Asks the person; call it from a click only, browsers refuse otherwise. */
export async function requestPermission(): Promise<Permission> {
  if (!('Notification' in window)) return 'missing'
  return Notification.permission === 'default' ? await Notification.requestPermission() : Notification.permission
}

export interface WebNotification {
  title: string
  body: string
  /** A later notification with the same tag replaces the earlier one, also from another tab. */
  tag: string
  onClick: () => void
}

/** Shows a notification when the person has allowed it. */
export function showNotification({ title, body, tag, onClick }: WebNotification): void {
  if (permission() !== 'granted') return
  try {
    const notification = new Notification(title, { body, tag, icon: '/favicon.svg', silent: true })
    notification.onclick = () => {
      window.focus()
      notification.close()
      onClick()
    }
  } catch (error) {
    // Chrome on Android offers them through a service worker only.
    console.warn('This browser cannot show a notification here', error)
  }
}
