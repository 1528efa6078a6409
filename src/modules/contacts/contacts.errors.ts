import type { ContactMergeResult } from '../../contracts/index.ts'
import { AppError, conflict } from '../../platform/errors.ts'

export const invalidPhone = (text: string) =>
  new AppError('INVALID_PHONE', 422, `"${text}" is no phone number with a country code, such as +44 20 7946 0018.`, {
    details: { problems: [{ path: 'mobilePhone', message: 'must be a phone number with its country code' }] },
  })

export const accountNotFound = (id: string) => new AppError('ACCOUNT_NOT_FOUND', 422, `There is no account ${id}.`)

export const contactRemoved = (name: string) => conflict('CONTACT_REMOVED', `${name} was removed; restore the contact first.`)

export const notRemoved = (name: string) => conflict('NOT_REMOVED', `${name} is not removed.`)

export const mergeWithItself = () => new AppError('SAME_CONTACT', 422, 'A contact cannot be joined with itself.')

export const openChatsInTheWay = (conflicts: ContactMergeResult['conflicts']) =>
  conflict('CONTACT_HAS_OPEN_CHAT', conflicts.map((one) => one.message).join(' '), { conflicts })
