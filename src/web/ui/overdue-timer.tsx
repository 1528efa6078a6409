import { IconClockExclamation, IconClockHour4 } from '@tabler/icons-react'
import type { ChatTile } from '../../contracts/chats.ts'
import { overdueTimerFrom } from './overdue.ts'
import classes from './overdue-timer.module.css'
import { duration, useNow } from './time.ts'

const texts = { overdue: 'Overdue', due: 'Due in' }

/** From here on it is worth saying when the answer is due. */
const warnMs = 5 * 60_000

type TimedTile = Pick<ChatTile, 'overdueSince' | 'responseDueAt' | 'lastCustomerMessageAt'>

/** Counts how long the customer has waited for an answer that is overdue, or, shortly before, how long is left. */
export function OverdueTimer({ tile }: { tile: TimedTile }) {
  if (tile.overdueSince === null && tile.responseDueAt === null) return null
  return <Running tile={tile} />
}

function Running({ tile }: { tile: TimedTile }) {
  const now = useNow(1_000)
  const since = overdueTimerFrom(tile, now)
  if (since !== null) {
    return (
      <span className={classes.overdue} role="timer">
        <IconClockExclamation size={14} aria-hidden />
        {texts.overdue} {duration(now - since)}
      </span>
    )
  }
  const left = Date.parse(tile.responseDueAt ?? '') - now
  if (!(left <= warnMs)) return null
  return (
    <span className={classes.due} role="timer">
      <IconClockHour4 size={14} aria-hidden />
      {texts.due} {duration(left)}
    </span>
  )
}
