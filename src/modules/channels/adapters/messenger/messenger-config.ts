import { type Static, Type } from 'typebox'
import { ApiBaseUrl, ApiVersion } from '../account.ts'
import type { ChannelAccount } from '../adapter.ts'
import type { GraphAccess } from '../meta/graph.ts'
import { messengerFailure } from './messenger-errors.ts'

export const MessengerConfig = Type.Object(
  {
    pageId: Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$', description: 'Id of the Facebook page' }),
    pageAccessToken: Type.String({ minLength: 1, maxLength: 1000, description: 'Access token of the page' }),
    appSecret: Type.String({ minLength: 1, maxLength: 200, description: 'Secret of the Meta app, which signs the webhooks' }),
    verifyToken: Type.String({ minLength: 1, maxLength: 200, description: 'Text Meta repeats when it checks the webhook address' }),
    humanAgentTag: Type.Optional(
      Type.Boolean({ description: 'The app may answer up to 7 days after the last message (Human Agent permission)' }),
    ),
    apiVersion: ApiVersion,
    apiBaseUrl: ApiBaseUrl,
  },
  { additionalProperties: false },
)
export type MessengerConfig = Static<typeof MessengerConfig>

/** The config of a messenger account; it was validated when it was stored. */
export function messengerConfig(account: ChannelAccount): MessengerConfig {
  return account.config as MessengerConfig
}

/** How the channel calls the Graph API. */
export function messengerAccess(account: ChannelAccount): GraphAccess {
  const config = messengerConfig(account)
  return {
    ...(config.apiBaseUrl === undefined ? {} : { apiBaseUrl: config.apiBaseUrl }),
    ...(config.apiVersion === undefined ? {} : { apiVersion: config.apiVersion }),
    token: config.pageAccessToken,
    classify: messengerFailure,
    provider: 'messenger',
  }
}

/** Namespace of page-scoped ids: the same person has another id on every page. */
export function messengerNamespace(pageId: string): string {
  return `messenger:${pageId}`
}
