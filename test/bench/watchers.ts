// Agents with an open inbox, in a process of their own: they note when each message reaches them.
import { once } from 'node:events'
import { WebSocket } from 'ws'
import { serve } from './rpc.ts'

const sockets: WebSocket[] = []
/** By the number in the message's text: when its first frame came, in nanoseconds of the clock all processes share. */
let arrived: Record<string, string> = {}
let frames = 0

function note(data: Buffer): void {
  const now = process.hrtime.bigint()
  frames += 1
  // Cheaper than parsing every frame; the load's texts begin with their number.
  const text = data.toString('latin1')
  if (!text.startsWith('{"type":"chat.message"')) return
  const number = /"text":"(\d+) /.exec(text)?.[1]
  if (number !== undefined) arrived[number] ??= now.toString()
}

/** Opens one socket a session; resolves when each has been greeted. */
async function connect({ port, cookies }: { port: number; cookies: string[] }): Promise<void> {
  await Promise.all(
    cookies.map(async (cookie) => {
      const socket = new WebSocket(`ws://127.0.0.1:${port}/api/realtime`, { headers: { cookie } })
      sockets.push(socket)
      await once(socket, 'message')
      socket.on('message', note)
    }),
  )
}

/** What has arrived since the last call. */
async function take(): Promise<{ arrived: Record<string, string>; frames: number }> {
  const result = { arrived, frames }
  arrived = {}
  frames = 0
  return result
}

async function disconnect(): Promise<void> {
  for (const socket of sockets.splice(0)) socket.terminate()
}

serve({ connect, take, disconnect })
