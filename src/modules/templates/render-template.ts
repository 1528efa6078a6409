/** What a template may show, by placeholder. Absent values are null. */
export interface TemplateValues {
  'contact.name': string | null
  'contact.mobilePhone': string | null
  'contact.email': string | null
  'contact.account': string | null
  'agent.name': string | null
  'chat.number': string | null
  'channel.name': string | null
  'queue.name': string | null
}

/** Every placeholder a template may hold. */
export const placeholders = [
  'contact.name',
  'contact.mobilePhone',
  'contact.email',
  'contact.account',
  'agent.name',
  'chat.number',
  'channel.name',
  'queue.name',
] as const satisfies readonly (keyof TemplateValues)[]

const placeholder = /\{\{([^{}]*)\}\}/g

/** The placeholders of a body that nobody knows, as they are written. */
export function unknownPlaceholders(body: string): string[] {
  const names = [...body.matchAll(placeholder)].map(([, name = '']) => name.trim())
  return [...new Set(names.filter((name) => !(placeholders as readonly string[]).includes(name)))]
}

/** The text of a template. One pass: a value is put in as it is, whatever it looks like. An absent value leaves nothing. */
export function renderTemplate(body: string, values: TemplateValues): string {
  return body.replace(placeholder, (written, name: string) => {
    const key = name.trim()
    return Object.hasOwn(values, key) ? (values[key as keyof TemplateValues] ?? '') : written
  })
}
