import { type Static, Type } from 'typebox'
import { ApiBaseUrl, apiOrigin } from '../account.ts'
import type { ChannelAccount } from '../adapter.ts'
import { hmac } from '../secrets.ts'

export const TelegramConfig = Type.Object(
  {
    token: Type.String({ pattern: '^[A-Za-z0-9:_-]{1,200}$', description: 'Bot token from @BotFather' }),
    secretToken: Type.Optional(
      Type.String({ pattern: '^[A-Za-z0-9_-]{1,256}$', description: 'Secret Telegram sends with every update; made up when left out' }),
    ),
    apiBaseUrl: ApiBaseUrl,
  },
  { additionalProperties: false },
)
export type TelegramConfig = Static<typeof TelegramConfig>

/** The config of a telegram account; it was validated when it was stored. */
export function telegramConfig(account: ChannelAccount): TelegramConfig {
  return account.config as TelegramConfig
}

/** The secret given to setWebhook and expected in every update: the configured one, or one only holders of the token can know. */
export function secretTokenOf(account: ChannelAccount): string {
  const { secretToken, token } = telegramConfig(account)
  return secretToken ?? hmac('sha256', token, `parley webhook ${account.id}`, 'hex')
}

/** Address of a Bot API method (https://core.telegram.org/bots/api#making-requests). */
export function methodUrl(account: ChannelAccount, method: string): string {
  const config = telegramConfig(account)
  return `${apiOrigin(config, 'https://api.telegram.org')}/bot${config.token}/${method}`
}

/** Address of a file's bytes for a `file_path` that getFile answered. */
export function fileUrl(account: ChannelAccount, filePath: string): string {
  const config = telegramConfig(account)
  return `${apiOrigin(config, 'https://api.telegram.org')}/file/bot${config.token}/${encodeURI(filePath)}`
}

/** Parley's id of a Telegram message: Telegram counts messages per chat. */
export function telegramMessageId(chatId: string, messageId: string): string {
  return `${chatId}:${messageId}`
}
