import { ActionIcon, Menu, Tooltip, UnstyledButton, useComputedColorScheme, useMantineColorScheme } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { IconDeviceMobileMessage, IconKeyboard, IconLogout, IconMoon, IconSun } from '@tabler/icons-react'
import { explain } from '../api/client.ts'
import { useAgent, useLogOut } from '../session/use-session.ts'
import { Brand } from '../ui/brand.tsx'
import { ContactAvatar } from '../ui/contact-avatar.tsx'
import { initialsOf } from '../ui/initials.ts'
import { Link } from '../ui/router.tsx'
import { SettingsMenu } from './settings-menu.tsx'
import { StatusSwitch } from './status-switch.tsx'
import { texts } from './texts.ts'
import classes from './top-bar.module.css'

/** Status, settings and account of the agent. */
export function TopBar({ onHelp }: { onHelp: () => void }) {
  return (
    <header className={classes.bar}>
      <Link href="/" className={classes.home ?? ''} aria-label={texts.toInbox}>
        <Brand name />
      </Link>
      <div className={classes.space} />
      <StatusSwitch />
      <div className={classes.tools}>
        <Tooltip label={`${texts.help} (?)`}>
          <ActionIcon className={classes.wide ?? ''} variant="subtle" color="gray" size="lg" onClick={onHelp} aria-label={texts.help}>
            <IconKeyboard size={19} stroke={1.7} />
          </ActionIcon>
        </Tooltip>
        <SchemeToggle />
        <SettingsMenu />
        <AccountMenu onHelp={onHelp} />
      </div>
    </header>
  )
}

function SchemeToggle() {
  const { setColorScheme } = useMantineColorScheme()
  const isDark = useComputedColorScheme('light') === 'dark'
  const label = isDark ? texts.lightOn : texts.darkOn
  return (
    <Tooltip label={label}>
      <ActionIcon
        className={classes.wide ?? ''}
        variant="subtle"
        color="gray"
        size="lg"
        aria-label={label}
        onClick={() => setColorScheme(isDark ? 'light' : 'dark')}
      >
        {isDark ? <IconSun size={19} stroke={1.7} /> : <IconMoon size={19} stroke={1.7} />}
      </ActionIcon>
    </Tooltip>
  )
}

function AccountMenu({ onHelp }: { onHelp: () => void }) {
  const agent = useAgent()
  const logOut = useLogOut()
  const leave = () =>
    logOut.mutate(undefined, {
      onError: (error) => notifications.show({ color: 'red', title: texts.logOutFailed, message: explain(error) }),
    })
  return (
    <Menu position="bottom-end" width={230} shadow="md">
      <Menu.Target>
        <UnstyledButton className={classes.account ?? ''} aria-label={texts.account(agent.name)}>
          <ContactAvatar id={agent.id} initials={initialsOf(agent.name)} photoUrl={null} size={30} />
          <span className={classes.name}>{agent.name}</span>
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{agent.email}</Menu.Label>
        <Menu.Item leftSection={<IconDeviceMobileMessage size={16} />} component="a" href="/simulator" target="_blank">
          {texts.simulator}
        </Menu.Item>
        <Menu.Item leftSection={<IconKeyboard size={16} />} onClick={onHelp}>
          {texts.help}
        </Menu.Item>
        <Menu.Divider />
        <Menu.Item
          leftSection={<IconLogout size={16} />}
          onClick={leave}
          rightSection={<span className={classes.hint}>{texts.logOutHint}</span>}
        >
          {texts.logOut}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}
