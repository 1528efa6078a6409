import { Type } from 'typebox'
import { localTask, type RaiseEvent, type Task } from '../workflow/index.ts'

const id = () => Type.Optional(Type.String({ pattern: '^[0-9]{1,18}$' }))

/** `case.create`: one case a chat and process, however often it runs. */
export function caseTasks(raise: RaiseEvent): Task[] {
  return [
    localTask({
      type: 'case.create',
      title: 'Create case',
      input: Type.Object({
        subject: Type.Optional(Type.String({ maxLength: 10_000 })),
        description: Type.Optional(Type.String()),
        source: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
        status: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
        contactId: id(),
        accountId: id(),
        assigneeId: id(),
      }),
      output: Type.Object({
        caseId: Type.String(),
        caseNumber: Type.String(),
        existed: Type.Boolean({ description: 'This process had already made a case of this chat' }),
      }),
      errors: [],
      async run({ work, chatId, agentId, processName }, inputs) {
        const subject = [...(inputs.subject ?? '')].slice(0, 500).join('').trim()
        const inserted = await work.trx
          .insertInto('cases')
          .values({
            subject: subject === '' ? 'Chat without text' : subject,
            description: inputs.description ?? '',
            source: inputs.source ?? 'Chat',
            status: inputs.status ?? 'New',
            registered_at: work.now,
            contact_id: inputs.contactId ?? null,
            account_id: inputs.accountId ?? null,
            assignee_id: inputs.assigneeId ?? null,
            chat_id: chatId,
            origin: processName,
          })
          .onConflict((conflict) => conflict.columns(['chat_id', 'origin']).where('origin', 'is not', null).doNothing())
          .returning(['id', 'number'])
          .executeTakeFirst()
        if (!inserted) {
          const existing = await work.trx
            .selectFrom('cases')
            .select(['id', 'number'])
            .where('chat_id', '=', chatId)
            .where('origin', '=', processName)
            .executeTakeFirstOrThrow()
          return { caseId: existing.id, caseNumber: String(existing.number), existed: true }
        }
        await raise(work, { chatId, name: 'case.created', payload: { chatId, caseId: inserted.id, caseNumber: inserted.number }, agentId })
        return { caseId: inserted.id, caseNumber: String(inserted.number), existed: false }
      },
    }),
  ]
}
