import { IconBrandMessenger, IconBrandTelegram, IconBrandWhatsapp, IconFlask, IconMessage, type IconProps } from '@tabler/icons-react'
import type { ChannelKind } from '../../contracts/chats.ts'

const icons = {
  telegram: IconBrandTelegram,
  whatsapp: IconBrandWhatsapp,
  messenger: IconBrandMessenger,
  sms: IconMessage,
  simulator: IconFlask,
} satisfies Record<ChannelKind, unknown>

const colours: Record<ChannelKind, string> = {
  telegram: 'light-dark(#1b7fb8, #6cc0ee)',
  whatsapp: 'light-dark(#157f4a, #63d296)',
  messenger: 'light-dark(#6b4df0, #a996ff)',
  sms: 'light-dark(#52606d, #aebac6)',
  simulator: 'light-dark(#a35a00, #f2b866)',
}

/** What customers call the channel. */
export const channelNames: Record<ChannelKind, string> = {
  telegram: 'Telegram',
  whatsapp: 'WhatsApp',
  messenger: 'Messenger',
  sms: 'SMS',
  simulator: 'Simulator',
}

/** The sign of a channel, in its colour. */
export function ChannelIcon({ kind, size = 16 }: { kind: ChannelKind; size?: number }) {
  const Icon: React.ComponentType<IconProps> = icons[kind]
  return <Icon size={size} stroke={1.9} style={{ color: colours[kind], flex: 'none' }} role="img" aria-label={channelNames[kind]} />
}
