import { parsePhoneNumberFromString } from 'libphonenumber-js'
import type { ChannelKind, IdentityRef, InboundCustomer } from './adapters/adapter.ts'

const kindNames: Record<ChannelKind, string> = {
  telegram: 'Telegram',
  whatsapp: 'WhatsApp',
  messenger: 'Messenger',
  sms: 'SMS',
  simulator: 'Simulator',
}

const kindOfNamespace: Record<string, ChannelKind> = {
  telegram: 'telegram',
  whatsapp: 'whatsapp',
  messenger: 'messenger',
  simulator: 'simulator',
}

/** An E.164 number as people write it: "+49 1512 3456789". */
export function formatPhone(phone: string): string {
  return parsePhoneNumberFromString(phone)?.formatInternational() ?? phone
}

/** The name of a customer the channel tells no name of: the formatted phone number, else the channel and its id. */
export function fallbackName(kind: ChannelKind, customer: Pick<InboundCustomer, 'identities' | 'phone'>): string {
  if (customer.phone !== null) return formatPhone(customer.phone)
  return `New contact (${kindNames[kind]} ${customer.identities[0]?.externalId ?? ''})`
}

/** A customer's name within a channel, readable: a phone number as people write it, any other id with its channel. */
export function describeIdentity(identity: IdentityRef): string {
  if (identity.namespace === 'phone') return formatPhone(identity.externalId)
  const kind = kindOfNamespace[identity.namespace.split(':')[0] ?? '']
  return `${kind === undefined ? identity.namespace : kindNames[kind]} ${identity.externalId}`
}

/** Whether a contact's name is one that Parley made up from these identities, which a real one may replace. */
export function isGeneratedName(name: string, identities: readonly IdentityRef[]): boolean {
  return identities.some((identity) => name === describeIdentity(identity) || name === `New contact (${describeIdentity(identity)})`)
}
