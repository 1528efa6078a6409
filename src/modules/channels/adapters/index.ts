import type { ChannelAdapter, ChannelKind } from './adapter.ts'
import { messengerAdapter } from './messenger/messenger.ts'
import { simulatorAdapter } from './simulator.ts'
import { smsAdapter } from './sms/sms.ts'
import { telegramAdapter } from './telegram/telegram.ts'
import { whatsappAdapter } from './whatsapp/whatsapp.ts'

/** Every adapter by its kind. */
export const adapters: Readonly<Record<ChannelKind, ChannelAdapter>> = {
  telegram: telegramAdapter,
  whatsapp: whatsappAdapter,
  messenger: messengerAdapter,
  sms: smsAdapter,
  simulator: simulatorAdapter,
}

/** The adapter of a channel's kind. */
export function adapterFor(kind: ChannelKind): ChannelAdapter {
  return adapters[kind]
}
