import { Type } from 'typebox'
import type { ParleyWork } from '../../schema.ts'
import { BpmnError, localTask, type RaiseEvent, type Task } from '../workflow/index.ts'
import { linkContact } from './link-contact.ts'

const contactId = Type.String({ pattern: '^[0-9]{1,18}$' })
const fields = {
  name: Type.Optional(Type.String({ minLength: 1, maxLength: 300 })),
  mobilePhone: Type.Optional(Type.String({ maxLength: 40 })),
  email: Type.Optional(Type.String({ maxLength: 254 })),
  language: Type.Optional(Type.String({ minLength: 2, maxLength: 10 })),
  notes: Type.Optional(Type.String({ maxLength: 20_000 })),
}

const notFound = (id: string) => new BpmnError('CONTACT_NOT_FOUND', `Contact ${id} does not exist.`)

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
        const result = await linkContact(work, chatId, inputs.contactId, agentId)
        if (result.previousContactId === inputs.contactId) return result
        await chatChanged(work, chatId)
        await raise(work, {
          chatId,
          name: 'chat.contact_linked',
          payload: { chatId, contactId: inputs.contactId, previousContactId: result.previousContactId },
          agentId,
        })
        return result
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
              ...(mobilePhone ? [eb('mobile_phone', '=', mobilePhone)] : []),
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
      errors: [],
      async run({ work }, inputs) {
        const row = await work.trx
          .insertInto('contacts')
          .values({
            name: inputs.name,
            photo_url: null,
            mobile_phone: inputs.mobilePhone ?? null,
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
      errors: ['CONTACT_NOT_FOUND'],
      async run({ work, chatId }, { contactId: id, name, mobilePhone, email, language, notes }) {
        const set = {
          ...(name === undefined ? {} : { name }),
          ...(mobilePhone === undefined ? {} : { mobile_phone: mobilePhone }),
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
      async run({ work }, { contactId: id }) {
        const chats = await work.trx.selectFrom('chats').select('number').where('contact_id', '=', id).limit(1).executeTakeFirst()
        if (chats) throw new BpmnError('CONTACT_IN_USE', `Contact ${id} has chat ${chats.number} and cannot be removed.`)
        const removed = await work.trx
          .updateTable('contacts')
          .set({ removed_at: work.now })
          .where('id', '=', id)
          .where('removed_at', 'is', null)
          .executeTakeFirst()
        if (removed.numUpdatedRows === 0n) throw notFound(id)
        return {}
      },
    }),
  ]
}
