import { Switch, Tooltip } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { explain } from '../api/client.ts'
import { useAgent, useSetStatus } from '../session/use-session.ts'
import classes from './status-switch.module.css'
import { texts } from './texts.ts'

/** Active agents are offered new chats; inactive ones keep what they have. */
export function StatusSwitch() {
  const agent = useAgent()
  const setStatus = useSetStatus()
  const isActive = agent.status === 'active'
  const change = (active: boolean) =>
    setStatus.mutate(active ? 'active' : 'inactive', {
      onError: (error) => notifications.show({ color: 'red', title: texts.statusFailed, message: explain(error) }),
    })
  return (
    <Tooltip label={isActive ? texts.statusHintActive : texts.statusHintInactive} multiline w={230} openDelay={400}>
      <div className={classes.status} data-active={isActive || undefined}>
        <Switch
          classNames={{ label: classes.label ?? '', body: classes.body ?? '' }}
          checked={isActive}
          onChange={(event) => change(event.currentTarget.checked)}
          label={isActive ? texts.active : texts.inactive}
          aria-label={`${texts.statusLabel}: ${isActive ? texts.active : texts.inactive}`}
          color="green.8"
          size="sm"
        />
      </div>
    </Tooltip>
  )
}
