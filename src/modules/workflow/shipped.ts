import { readFile } from 'node:fs/promises'
import path from 'node:path'
import { Type } from 'typebox'
import { Compile } from 'typebox/compile'
import type { ShippedDefinition } from './definitions.service.ts'

const Index = Type.Object({
  processes: Type.Array(
    Type.Object({
      key: Type.String(),
      file: Type.String(),
      forms: Type.Optional(Type.Record(Type.String(), Type.String())),
      scenarios: Type.Optional(Type.String()),
      active: Type.Boolean(),
      quickAction: Type.Optional(Type.Object({ caption: Type.String(), icon: Type.String(), order: Type.Integer() })),
    }),
  ),
})

export interface ShippedProcess extends ShippedDefinition {
  quickAction: { caption: string; icon: string; order: number } | null
}

/** Reads `processes/index.json` and the files it names. @throws Error when the folder does not fit its index */
export async function loadShippedDefinitions(folder: string): Promise<ShippedProcess[]> {
  const read = (file: string) => readFile(path.join(folder, file), 'utf8')
  const index: unknown = JSON.parse(await read('index.json'))
  const validator = Compile(Index)
  if (!validator.Check(index)) throw new Error(`processes/index.json is wrong: ${JSON.stringify([...validator.Errors(index)])}`)
  return Promise.all(
    index.processes.map(async (entry) => ({
      key: entry.key,
      xml: await read(entry.file),
      forms: Object.fromEntries(
        await Promise.all(Object.entries(entry.forms ?? {}).map(async ([id, file]) => [id, JSON.parse(await read(file))] as const)),
      ),
      scenarios: entry.scenarios ? (JSON.parse(await read(entry.scenarios)) as unknown[]) : [],
      active: entry.active,
      quickAction: entry.quickAction ?? null,
    })),
  )
}
