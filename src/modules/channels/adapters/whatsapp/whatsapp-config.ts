import { type Static, Type } from 'typebox'
import { ApiBaseUrl, ApiVersion } from '../account.ts'
import type { ChannelAccount } from '../adapter.ts'
import type { GraphAccess } from '../meta/graph.ts'
import { whatsappFailure } from './whatsapp-errors.ts'

export const WhatsappConfig = Type.Object(
  {
    phoneNumberId: Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$', description: 'Id of the business phone number' }),
    accessToken: Type.String({ minLength: 1, maxLength: 1000, description: 'Token of a system user' }),
    appSecret: Type.String({ minLength: 1, maxLength: 200, description: 'Secret of the Meta app, which signs the webhooks' }),
    verifyToken: Type.String({ minLength: 1, maxLength: 200, description: 'Text Meta repeats when it checks the webhook address' }),
    apiVersion: ApiVersion,
    apiBaseUrl: ApiBaseUrl,
  },
  { additionalProperties: false },
)
export type WhatsappConfig = Static<typeof WhatsappConfig>

/** The config of a whatsapp account; it was validated when it was stored. */
export function whatsappConfig(account: ChannelAccount): WhatsappConfig {
  return account.config as WhatsappConfig
}

/** How the channel calls the Graph API. */
export function whatsappAccess(account: ChannelAccount): GraphAccess {
  const config = whatsappConfig(account)
  return {
    ...(config.apiBaseUrl === undefined ? {} : { apiBaseUrl: config.apiBaseUrl }),
    ...(config.apiVersion === undefined ? {} : { apiVersion: config.apiVersion }),
    token: config.accessToken,
    classify: whatsappFailure,
    provider: 'whatsapp',
  }
}
