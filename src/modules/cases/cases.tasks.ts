import { Type } from 'typebox'
import { BpmnError, localTask, type RaiseEvent, type Task } from '../workflow/index.ts'
import * as repo from './cases.repo.ts'

const id = () => Type.Optional(Type.String({ pattern: '^[0-9]{1,18}$' }))
const maxSubjectLength = 500

/** `case.create`: one case a chat and process, however often it runs, unless the diagram wants one each time. */
export function caseTasks(raise: RaiseEvent): Task[] {
  return [
    localTask({
      type: 'case.create',
      title: 'Create case',
      input: Type.Object({
        subject: Type.Optional(Type.String({ description: `Cut to ${maxSubjectLength} characters` })),
        description: Type.Optional(Type.String()),
        source: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
        status: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
        contactId: id(),
        accountId: id(),
        assigneeId: id(),
        oncePerChat: Type.Optional(Type.Boolean({ description: 'False: another case each time it runs' })),
      }),
      output: Type.Object({
        caseId: Type.String(),
        caseNumber: Type.String(),
        existed: Type.Boolean({ description: 'This process had already made a case of this chat' }),
      }),
      errors: ['UNKNOWN_REFERENCE'],
      async run({ work, chatId, agentId, processKey }, inputs) {
        const origin = inputs.oncePerChat === false ? null : processKey
        const subject = [...(inputs.subject ?? '')].slice(0, maxSubjectLength).join('').trim()
        const fields = {
          subject: subject === '' ? 'Chat without text' : subject,
          description: inputs.description ?? '',
          source: inputs.source ?? 'Chat',
          status: inputs.status ?? 'New',
          contact_id: inputs.contactId ?? null,
          account_id: inputs.accountId ?? null,
          assignee_id: inputs.assigneeId ?? null,
        }
        const missing = await repo.findMissing(work.trx, fields)
        if (missing !== null) throw new BpmnError('UNKNOWN_REFERENCE', `There is no ${missing}.`)
        const created = await repo.insertCase(work.trx, { ...fields, chat_id: chatId, origin }, work.now)
        if (!created) {
          const existing = await repo.findCaseOf(work.trx, chatId, processKey)
          return { caseId: existing.id, caseNumber: String(existing.number), existed: true }
        }
        await raise(work, { chatId, name: 'case.created', payload: { chatId, caseId: created.id, caseNumber: created.number }, agentId })
        return { caseId: created.id, caseNumber: String(created.number), existed: false }
      },
    }),
  ]
}
