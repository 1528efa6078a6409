import { type Static, Type } from 'typebox'
import { ApiBaseUrl, apiOrigin } from '../account.ts'
import type { ChannelAccount } from '../adapter.ts'

/** Either a number or a messaging service has to be there to send from. */
export const SmsConfig = Type.Object(
  {
    accountSid: Type.String({ pattern: '^AC[0-9A-Za-z]{1,64}$', description: 'Account SID' }),
    authToken: Type.String({ minLength: 1, maxLength: 200, description: 'Auth token, which signs the webhooks' }),
    from: Type.Optional(Type.String({ minLength: 3, maxLength: 20, description: 'Number to send from, e.g. +15105550142' })),
    messagingServiceSid: Type.Optional(Type.String({ pattern: '^MG[0-9A-Za-z]{1,64}$', description: 'Messaging service to send from' })),
    apiBaseUrl: ApiBaseUrl,
  },
  { additionalProperties: false, anyOf: [{ required: ['from'] }, { required: ['messagingServiceSid'] }] },
)
export type SmsConfig = Static<typeof SmsConfig>

export const twilioOrigin = 'https://api.twilio.com'

/** The config of an sms account; it was validated when it was stored. */
export function smsConfig(account: ChannelAccount): SmsConfig {
  return account.config as SmsConfig
}

/** Address of a resource of the account such as `Messages.json`. */
export function twilioUrl(account: ChannelAccount, resource: string): string {
  const config = smsConfig(account)
  return `${apiOrigin(config, twilioOrigin)}/2010-04-01/Accounts/${config.accountSid}${resource}`
}

/** Basic authentication with SID and token. */
export function twilioAuthorization(account: ChannelAccount): Record<string, string> {
  const { accountSid, authToken } = smsConfig(account)
  return { authorization: `Basic ${Buffer.from(`${accountSid}:${authToken}`).toString('base64')}` }
}
