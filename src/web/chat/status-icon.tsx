import { Tooltip } from '@mantine/core'
import { IconAlertCircle, IconCheck, IconChecks, IconClock } from '@tabler/icons-react'
import type { MessageStatus } from '../../contracts/chats.ts'
import classes from './status-icon.module.css'
import { statusNames } from './texts.ts'

const icons = { sending: IconClock, sent: IconCheck, delivered: IconChecks, read: IconChecks, failed: IconAlertCircle }

/** Where a message is on its way; points to the status name, or to the reason of a failure. */
export function StatusIcon({ status, reason }: { status: MessageStatus; reason: string | null }) {
  const Icon = icons[status]
  const label = status === 'failed' && reason !== null ? `${statusNames.failed}: ${reason}` : statusNames[status]
  return (
    <Tooltip label={label} multiline maw={280}>
      <span className={classes.status} data-status={status} role="img" aria-label={label}>
        <Icon size={15} stroke={2} />
      </span>
    </Tooltip>
  )
}
