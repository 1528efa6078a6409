import { parsePhoneNumberFromString } from 'libphonenumber-js'

/** A phone number in E.164 ("+442079460018"), as channels tell it too; null when it is none or lacks its country code. */
export function toE164(text: string): string | null {
  const number = parsePhoneNumberFromString(text.trim().replace(/^00/, '+'))
  return number?.isPossible() ? number.number : null
}

/** The digits of a text that may be part of a phone number, without the zeros dialled before it; null when it cannot be one. */
export function phoneDigits(text: string): string | null {
  if (!/^[\d\s()+./-]+$/.test(text)) return null
  const digits = text.replace(/\D/g, '').replace(/^0+/, '')
  return digits.length >= 3 ? digits : null
}
