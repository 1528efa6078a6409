import { Type } from 'typebox'
import type { ParleyWork } from '../../schema.ts'
import { BpmnError, localTask, type RaiseEvent, type Task } from '../workflow/index.ts'
import * as repo from './contacts.repo.ts'
import { linkContact } from './link-contact.ts'
import { toE164 } from './phone.ts'

const contactId = Type.String({ pattern: '^[0-9]{1,18}$' })
const fields = {
  name: Type.Optional(Type.String({ minLength: 1, maxLength: 300 })),
  mobilePhone: Type.Optional(Type.String({ maxLength: 40 })),
  email: Type.Optional(Type.String({ maxLength: 254 })),
  language: Type.Optional(Type.String({ minLength: 2, maxLength: 10 })),
  notes: Type.Optional(Type.String({ maxLength: 20_000 })),
}

const notFound = (id: string) => new BpmnError('CONTACT_NOT_FOUND', `Contact ${id} does not exist.`)

function checkedPhone(text: string): string {
  const phone = toE164(text)
  if (phone === null) throw new BpmnError('INVALID_PHONE', `"${text}" is no phone number with a country code.`)
  return phone
}

export interface ContactTaskDeps {
  raise: RaiseEvent
  /** Announces that the chat changed. */
  chatChanged(work: ParleyWork, chatId: string): Promise<void>
}

/** Task types about contacts. */
export function contactTasks({ raise, chatChanged }: ContactTaskDeps): Task[] {
  return [
    localTask({
      type: 'chat.link_contact',
      title: 'Link chat to another contact',
      input: Type.Object({ contactId }),
      output: Type.Object({ previousContactId: Type.String(), previousRemoved: Type.Boolean() }),
      errors: ['CONTACT_NOT_FOUND', 'CONTACT_HAS_OPEN_CHAT', 'CHAT_COMPLETED'],
      async run({ work, chatId, agentId }, inputs) {
        const { previousContactId, previousRemoved, movedChatIds, openChatIds } = await linkContact(work, chatId, inputs.contactId, agentId)
        for (const id of movedChatIds) await chatChanged(work, id)
        for (const id of openChatIds) {
          const payload = { chatId: id, contactId: inputs.contactId, previousContactId }
          await raise(work, { chatId: id, name: 'chat.contact_linked', payload, agentId })
        }
        return { previousContactId, previousRemoved }
      },
    }),
    localTask({
      type: 'contact.find',
      title: 'Find contact',
      input: Type.Object({ mobilePhone: fields.mobilePhone, email: fields.email }),
      output: Type.Object({ contactId: Type.Union([Type.String(), Type.Null()]) }),
      errors: [],
      async run({ work }, { mobilePhone, email }) {
        if (mobilePhone === undefined && email === undefined) return { contactId: null }
        const row = await work.trx
          .selectFrom('contacts')
          .select('id')
          .where('removed_at', 'is', null)
          .where((eb) =>
            eb.or([
              ...(mobilePhone ? [eb('mobile_phone', '=', toE164(mobilePhone) ?? mobilePhone)] : []),
              ...(email ? [eb(eb.fn<string>('lower', ['email']), '=', email.toLowerCase())] : []),
            ]),
          )
          .orderBy('id')
          .limit(1)
          .executeTakeFirst()
        return { contactId: row?.id ?? null }
      },
    }),
    localTask({
      type: 'contact.create',
      title: 'Create contact',
      input: Type.Object({ ...fields, name: Type.String({ minLength: 1, maxLength: 300 }) }),
      output: Type.Object({ contactId: Type.String() }),
      errors: ['INVALID_PHONE'],
      async run({ work }, inputs) {
        const row = await work.trx
          .insertInto('contacts')
          .values({
            name: inputs.name,
            photo_url: null,
            mobile_phone: inputs.mobilePhone === undefined ? null : checkedPhone(inputs.mobilePhone),
            email: inputs.email ?? null,
            account_id: null,
            language: inputs.language ?? null,
            notes: inputs.notes ?? null,
            created_at: work.now,
            removed_at: null,
          })
          .returning('id')
          .executeTakeFirstOrThrow()
        return { contactId: row.id }
      },
    }),
    localTask({
      type: 'contact.update',
      title: 'Change contact',
      input: Type.Object({ contactId, ...fields }),
      output: Type.Object({}),
      errors: ['CONTACT_NOT_FOUND', 'INVALID_PHONE'],
      async run({ work, chatId }, { contactId: id, name, mobilePhone, email, language, notes }) {
        const set = {
          ...(name === undefined ? {} : { name }),
          ...(mobilePhone === undefined ? {} : { mobile_phone: checkedPhone(mobilePhone) }),
          ...(email === undefined ? {} : { email }),
          ...(language === undefined ? {} : { language }),
          ...(notes === undefined ? {} : { notes }),
        }
        const query = work.trx.selectFrom('contacts').select('id').where('id', '=', id).where('removed_at', 'is', null)
        if (!(await query.executeTakeFirst())) throw notFound(id)
        if (Object.keys(set).length > 0) await work.trx.updateTable('contacts').set(set).where('id', '=', id).execute()
        await chatChanged(work, chatId)
        return {}
      },
    }),
    localTask({
      type: 'contact.remove',
      title: 'Remove contact',
      input: Type.Object({ contactId }),
      output: Type.Object({}),
      errors: ['CONTACT_NOT_FOUND', 'CONTACT_IN_USE'],
      async run({ work, agentId }, { contactId: id }) {
        const [contact] = await repo.lockContacts(work.trx, [id])
        if (!contact || contact.removed_at !== null) throw notFound(id)
        const chat = await work.trx.selectFrom('chats').select('number').where('contact_id', '=', id).executeTakeFirst()
        if (chat) throw new BpmnError('CONTACT_IN_USE', `Contact ${id} has chat ${chat.number} and cannot be removed.`)
        const ofCase = await work.trx.selectFrom('cases').select('number').where('contact_id', '=', id).executeTakeFirst()
        if (ofCase) throw new BpmnError('CONTACT_IN_USE', `Contact ${id} has case ${ofCase.number} and cannot be removed.`)
        const identity = await work.trx.selectFrom('contact_identities').select('id').where('contact_id', '=', id).executeTakeFirst()
        if (identity) throw new BpmnError('CONTACT_IN_USE', `Contact ${id} is known on a channel and cannot be removed.`)
        const nothing = { mergedInto: null, identityIds: [], chatIds: [], caseIds: [], chatId: null }
        await repo.bury(work.trx, { contactId: id, agentId, ...nothing }, work.now)
        return {}
      },
    }),
  ]
}
