import { Button, CloseButton, Loader, NativeSelect } from '@mantine/core'
import { IconArrowRight, IconLanguage } from '@tabler/icons-react'
import { useState } from 'react'
import type { Chat } from '../../contracts/chats.ts'
import { explain } from '../api/client.ts'
import type { PanelState } from '../api/translation.ts'
import { languageName, languageOptions } from '../ui/language-name.ts'
import { texts } from './texts.ts'
import classes from './translation-panel.module.css'
import { useSetTranslation, useTranslationPanel } from './use-translation.ts'

/** Translates the chat between the customer's language and the agent's. */
export function TranslationPanel({ chat, isMine, onClose }: { chat: Chat; isMine: boolean; onClose: () => void }) {
  const panel = useTranslationPanel(chat)
  return (
    <section className={classes.panel} aria-label={texts.translation}>
      <IconLanguage size={18} stroke={1.7} aria-hidden className={classes.icon} />
      {panel.isPending ? (
        <Loader size={16} aria-label={texts.loading} />
      ) : panel.isError ? (
        <p className={classes.text}>{explain(panel.error)}</p>
      ) : !panel.data.available ? (
        <p className={classes.text}>{texts.translationOff}</p>
      ) : (
        <Languages chatId={chat.id} state={panel.data} canChange={isMine} />
      )}
      <CloseButton className={classes.close ?? ''} onClick={onClose} aria-label={texts.hideTranslation} />
    </section>
  )
}

/** The choice of "told from each message". */
const automatic = ''

function Languages({ chatId, state, canChange }: { chatId: string; state: PanelState; canChange: boolean }) {
  const set = useSetTranslation(chatId)
  const [wish, setWish] = useState<{ from?: string; to?: string }>({})
  const from = wish.from ?? state.from ?? automatic
  const to = wish.to ?? state.to
  const apply = (enabled: boolean, change: { from?: string; to?: string } = {}) => {
    const next = { from, to, ...change }
    set.mutate({ enabled, from: next.from === automatic ? null : next.from, to: next.to }, { onSuccess: () => setWish({}) })
  }
  const change = (part: { from?: string; to?: string }) => {
    setWish({ ...wish, ...part })
    if (state.enabled) apply(true, part)
  }
  const detected = state.detected === null ? texts.detectEach : texts.detectedLanguage(languageName(state.detected))
  const fromOptions = languageOptions(state.from, state.detected).map((option) =>
    option.value === state.detected ? { ...option, label: `${option.label} (${texts.detected})` } : option,
  )
  return (
    <>
      <div className={classes.languages}>
        <NativeSelect
          size="xs"
          aria-label={texts.customerLanguage}
          data={[{ value: automatic, label: detected }, ...fromOptions]}
          value={from}
          disabled={!canChange}
          onChange={(event) => change({ from: event.currentTarget.value })}
        />
        <IconArrowRight size={16} aria-hidden />
        <NativeSelect
          size="xs"
          aria-label={texts.myLanguage}
          data={languageOptions(state.to)}
          value={to}
          disabled={!canChange}
          onChange={(event) => change({ to: event.currentTarget.value })}
        />
      </div>
      {canChange && (
        <Button size="xs" variant={state.enabled ? 'default' : 'filled'} loading={set.isPending} onClick={() => apply(!state.enabled)}>
          {state.enabled ? texts.cancelTranslation : texts.translate}
        </Button>
      )}
      <span className={classes.text} role="status">
        {set.isError ? explain(set.error) : state.enabled ? texts.translationOn : ''}
      </span>
    </>
  )
}
