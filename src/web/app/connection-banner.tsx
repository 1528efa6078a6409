import { IconLoader2, IconWifiOff } from '@tabler/icons-react'
import { useEffect, useState } from 'react'
import { useRealtime } from '../realtime/realtime-provider.tsx'
import classes from './connection-banner.module.css'

const texts = {
  offline: 'You are offline. What you write is kept and sent when the connection is back.',
  reconnecting: 'Connection lost, reconnecting. What you write is kept.',
}
/** A short loss heals before anybody needs to know. */
const patienceMs = 1_500

function useOnline(): boolean {
  const [online, setOnline] = useState(navigator.onLine)
  useEffect(() => {
    const update = () => setOnline(navigator.onLine)
    window.addEventListener('online', update)
    window.addEventListener('offline', update)
    return () => {
      window.removeEventListener('online', update)
      window.removeEventListener('offline', update)
    }
  }, [])
  return online
}

/** Says that pushes do not arrive at the moment. */
export function ConnectionBanner() {
  const { state } = useRealtime()
  const online = useOnline()
  const [isLong, setLong] = useState(false)
  const isBroken = state !== 'open' && state !== 'ended'
  useEffect(() => {
    if (!isBroken) {
      setLong(false)
      return
    }
    const timer = window.setTimeout(() => setLong(true), patienceMs)
    return () => window.clearTimeout(timer)
  }, [isBroken])
  const isShown = !online || isLong
  return (
    <div role="status">
      {isShown && (
        <div className={classes.banner}>
          {online ? <IconLoader2 size={16} className={classes.spin} aria-hidden /> : <IconWifiOff size={16} aria-hidden />}
          {online ? texts.reconnecting : texts.offline}
        </div>
      )}
    </div>
  )
}
