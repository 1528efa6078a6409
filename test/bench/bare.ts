// What Parley is measured against: the least a Node server can do, Fastify and pg, one prepared statement a message.
import Fastify from 'fastify'
import pg from 'pg'
import { serve } from './rpc.ts'

interface Update {
  message: {
    message_id: number
    from: { id: number; first_name: string; last_name: string; language_code: string }
    chat: { id: number }
    date: number
    text: string
  }
}

const text =
  'select outcome, chat_id, message_id, seq, contact_id, contact_name, identity_id, created_contact, created_chat, pending, wake_at, arm from receive_message($1, $2, $3, $4, $5, $6, $7, $8, $9)'

/** Starts the server on a database with Parley's schema, with as many connections as Parley uses; answers its port. */
async function start({ url, channelId, poolSize }: { url: string; channelId: string; poolSize: number }): Promise<number> {
  const pool = new pg.Pool({ connectionString: url, max: poolSize })
  const app = Fastify()
  app.post('/', async (request) => {
    const { message } = request.body as Update
    const { from } = message
    await pool.query({
      name: 'receive_message',
      text,
      values: [
        channelId,
        ['telegram'],
        [String(from.id)],
        { name: `${from.first_name} ${from.last_name}`, phone: null, language: from.language_code },
        `${message.chat.id}:${message.message_id}`,
        message.text,
        null,
        new Date(message.date * 1000),
        new Date(),
      ],
    })
    return {}
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const address = app.server.address()
  if (typeof address !== 'object' || address === null) throw new Error('The bare server has no port')
  return address.port
}

serve({ start })
