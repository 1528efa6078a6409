import { Type } from 'typebox'
import { localTask, type Task } from './task-registry.ts'

/** Task types that belong to no other module. */
export const workflowTasks: Task[] = [
  localTask({
    type: 'variables.set',
    title: 'Set variables',
    input: Type.Object({}, { additionalProperties: true }),
    output: Type.Object({}, { additionalProperties: true }),
    errors: [],
    run: async (_context, inputs) => inputs,
  }),
]
