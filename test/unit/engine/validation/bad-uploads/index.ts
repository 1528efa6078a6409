import { ofElements } from './elements.ts'
import { ofEvents } from './events.ts'
import { ofExpressions } from './expressions.ts'
import { ofTheFile } from './file.ts'
import { ofFlows } from './flows.ts'
import type { BadUpload } from './helpers.ts'
import { ofTasks } from './tasks.ts'

/** One file per rule, and more where a rule has several faces; each must be told with the element at fault. */
export const badUploads: BadUpload[] = [...ofTheFile, ...ofElements, ...ofTasks, ...ofExpressions, ...ofFlows, ...ofEvents]
