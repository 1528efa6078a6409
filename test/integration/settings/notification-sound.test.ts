import t from 'tap'
import { addAgent, startParley } from '../../helpers/parley.ts'

/** A tenth of a second of silence, 8 kHz mono. */
function wave(samples = 800): Buffer {
  const header = Buffer.alloc(44)
  header.write('RIFF', 0)
  header.writeUInt32LE(36 + samples, 4)
  header.write('WAVEfmt ', 8)
  header.writeUInt32LE(16, 16)
  header.writeUInt16LE(1, 20)
  header.writeUInt16LE(1, 22)
  header.writeUInt32LE(8000, 24)
  header.writeUInt32LE(8000, 28)
  header.writeUInt16LE(1, 32)
  header.writeUInt16LE(8, 34)
  header.write('data', 36)
  header.writeUInt32LE(samples, 40)
  return Buffer.concat([header, Buffer.alloc(samples, 128)])
}

t.test('an administrator uploads the sound of new messages', async (t) => {
  const parley = await startParley(t, { worker: false })
  const anna = await addAgent(parley, 'Anna')
  const path = '/api/settings/NotificationSound/file'
  const upload = (cookie: string, payload: Buffer) =>
    parley.app.inject({ method: 'PUT', url: path, headers: { cookie, 'content-type': 'audio/wav' }, payload })
  t.equal((await anna.call('GET', path)).status, 404, 'nothing is there before')
  t.equal((await upload(anna.cookie, wave())).statusCode, 403)
  t.match((await upload(parley.admin.cookie, Buffer.from('<script>'))).json(), { code: 'SOUND_TYPE', status: 415 })
  t.equal((await upload(parley.admin.cookie, wave(600_000))).statusCode, 413)

  t.match((await upload(parley.admin.cookie, wave())).json(), { type: 'audio/wav', size: 844 })
  const sound = await parley.app.inject({ method: 'GET', url: path, headers: { cookie: anna.cookie } })
  t.equal(sound.headers['content-type'], 'audio/wav')
  t.same(sound.rawPayload, wave())
  const { items } = await anna.ok<{ items: { code: string; value: unknown }[] }>('GET', '/api/settings')
  t.equal(items.find((item) => item.code === 'NotificationSound')?.value, 'custom')
})
