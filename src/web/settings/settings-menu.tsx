import { ActionIcon, NativeSelect, Popover, SegmentedControl, Stack, Switch, Text, Tooltip, useMantineColorScheme } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { IconAdjustmentsHorizontal } from '@tabler/icons-react'
import { useState } from 'react'
import type { SessionPatch } from '../../contracts/agents.ts'
import { explain } from '../api/client.ts'
import { useAgent, usePatchSession } from '../session/use-session.ts'
import { useSetting } from '../session/use-settings.ts'
import { languageOptions } from '../ui/language-name.ts'
import { useSingleKeys } from '../ui/shortcuts.ts'
import { playSound, soundOf } from './chime.ts'
import { texts } from './texts.ts'
import { permission, requestPermission } from './web-notifications.ts'

/** Notifications, appearance, keys and language. */
export function SettingsMenu() {
  const [opened, setOpened] = useState(false)
  return (
    <Popover opened={opened} onChange={setOpened} position="bottom-end" width={300} shadow="md" trapFocus returnFocus withRoles={false}>
      <Popover.Target>
        <Tooltip label={texts.settings} disabled={opened}>
          <ActionIcon
            variant="subtle"
            color="gray"
            size="lg"
            aria-label={texts.settings}
            aria-haspopup="dialog"
            aria-expanded={opened}
            onClick={() => setOpened((before) => !before)}
          >
            <IconAdjustmentsHorizontal size={19} stroke={1.7} />
          </ActionIcon>
        </Tooltip>
      </Popover.Target>
      <Popover.Dropdown role="dialog" aria-label={texts.settings}>
        <SettingsForm />
      </Popover.Dropdown>
    </Popover>
  )
}

function SettingsForm() {
  const agent = useAgent()
  const patch = usePatchSession()
  const chosenSound = soundOf(useSetting('NotificationSound'))
  const [singleKeys, setSingleKeys] = useSingleKeys()
  const { colorScheme, setColorScheme } = useMantineColorScheme()
  const save = (change: SessionPatch) =>
    patch.mutate(change, {
      onError: (error) => notifications.show({ color: 'red', title: texts.saveFailed, message: explain(error) }),
    })
  const changeSound = (sound: boolean) => {
    if (sound) playSound(chosenSound)
    save({ notifications: { sound } })
  }
  return (
    <Stack gap="md">
      <Switch
        label={texts.sound}
        description={chosenSound === 'none' ? texts.soundOff : null}
        checked={agent.notifications.sound}
        onChange={(event) => changeSound(event.currentTarget.checked)}
      />
      <BrowserSwitch wanted={agent.notifications.browser} onChange={(browser) => save({ notifications: { browser } })} />
      <Switch label={texts.keys} checked={singleKeys} onChange={(event) => setSingleKeys(event.currentTarget.checked)} />
      <div>
        <Text size="sm" fw={500} mb={4} id="settings-scheme">
          {texts.scheme}
        </Text>
        <SegmentedControl
          fullWidth
          size="xs"
          aria-labelledby="settings-scheme"
          value={colorScheme}
          onChange={(value) => setColorScheme(value)}
          data={[
            { value: 'auto', label: texts.system },
            { value: 'light', label: texts.light },
            { value: 'dark', label: texts.dark },
          ]}
        />
      </div>
      <NativeSelect
        label={texts.language}
        description={texts.languageHint}
        size="sm"
        data={languageOptions(agent.language)}
        value={agent.language}
        onChange={(event) => save({ language: event.currentTarget.value })}
      />
    </Stack>
  )
}

function BrowserSwitch({ wanted, onChange }: { wanted: boolean; onChange: (wanted: boolean) => void }) {
  const [granted, setGranted] = useState(permission())
  const change = async (next: boolean) => {
    if (next) {
      const answer = await requestPermission()
      setGranted(answer)
      if (answer !== 'granted') return
    }
    onChange(next)
  }
  const hint = granted === 'denied' ? texts.browserBlocked : granted === 'missing' ? texts.browserMissing : null
  return (
    <Switch
      label={texts.browser}
      description={hint}
      checked={wanted && granted === 'granted'}
      disabled={granted === 'missing'}
      onChange={(event) => void change(event.currentTarget.checked)}
    />
  )
}
