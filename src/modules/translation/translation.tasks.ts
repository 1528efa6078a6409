import { Type } from 'typebox'
import { BpmnError, remoteTask, type Task } from '../workflow/index.ts'
import type { TranslationService } from './translation.service.ts'
import { TranslationError } from './translator.ts'

/** `translation.translate`: runs outside the step, because a provider may be slow. */
export function translationTasks(translation: () => TranslationService): Task[] {
  return [
    remoteTask({
      type: 'translation.translate',
      title: 'Translate text',
      input: Type.Object({
        text: Type.String({ minLength: 1, maxLength: 20_000 }),
        from: Type.Optional(Type.String({ minLength: 2, maxLength: 10 })),
        to: Type.String({ minLength: 2, maxLength: 10 }),
      }),
      output: Type.Object({ text: Type.String(), from: Type.String() }),
      errors: ['TRANSLATION_FAILED'],
      async run({ signal }, { text, from, to }) {
        try {
          return await translation().translate({ text, from: from ?? null, to }, signal)
        } catch (error) {
          if (error instanceof TranslationError && !error.retry) throw new BpmnError('TRANSLATION_FAILED', error.message)
          throw error
        }
      },
    }),
  ]
}
