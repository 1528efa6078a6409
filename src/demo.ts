import type { Container } from './container.ts'

/** Invented customers; the ids of their messages stay the same, so that a second start with --demo adds nothing. */
const conversations: { from: string; name: string; texts: string[] }[] = [
  { from: 'demo-ines', name: 'Inés Morales', texts: ['Hola, mi pedido 4711 no ha llegado todavía.', '¿Me pueden decir dónde está?'] },
  { from: 'demo-tom', name: 'Tom Whitfield', texts: ['Hi! Can I change the delivery address of order 4726?'] },
  { from: 'demo-aylin', name: 'Aylin Kaya', texts: ['Guten Tag, die Rechnung für Oktober fehlt mir noch.', 'Kundennummer 20117.'] },
  { from: 'demo-grace', name: 'Grace Okafor', texts: ['The blue one arrived broken. What do I do now?'] },
  { from: 'demo-pavlo', name: 'Павло Гнатюк', texts: ['Добрий день! Чи працюєте ви в суботу?'] },
]

const templates = [
  { name: 'Greeting', body: 'Hello {{contact.name}}, this is {{agent.name}}. How can I help?' },
  { name: 'Order number', body: 'Could you send me the number of your order, please?' },
  { name: 'Goodbye', body: 'Thank you for writing to us, {{contact.name}}. Have a good day!' },
]

/** Fills a Parley that is only looked at: customers who have just written, and a few templates. Needs a Simulator channel. */
export async function addDemoData(container: Container): Promise<void> {
  const { database, directory, inbound, log } = container
  const simulator = await database.db
    .selectFrom('channels')
    .select('id')
    .where('kind', '=', 'simulator')
    .where('enabled', '=', true)
    .executeTakeFirst()
  const channel = simulator && (await directory.find(simulator.id))
  if (!channel) {
    log.warn({}, 'There is no Simulator channel, so there is nothing that demo data could come through')
    return
  }
  for (const { from, name, texts } of conversations) {
    for (const [index, text] of texts.entries()) {
      const rawBody = Buffer.from(JSON.stringify({ from, name, text, messageId: `${from}-${index}` }))
      const request = { method: 'POST', url: '/', headers: {}, rawBody, query: {} }
      for (const event of channel.adapter.parse(request, channel.account)) await inbound.handle(channel, event, request)
    }
  }
  await addTemplates(container)
}

async function addTemplates({ database, templates: service }: Container): Promise<void> {
  const existing = await database.db.selectFrom('templates').select('id').limit(1).executeTakeFirst()
  const admin = await database.db.selectFrom('agents').select('id').where('role', '=', 'admin').orderBy('id').executeTakeFirst()
  if (existing || !admin) return
  for (const template of templates) await service.create(admin.id, template)
}
