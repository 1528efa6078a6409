import t from 'tap'
import { configProblems, webhookUrl } from '../../../src/modules/channels/adapters/account.ts'
import type { ChannelKind } from '../../../src/modules/channels/adapters/adapter.ts'
import { adapterFor, adapters } from '../../../src/modules/channels/adapters/index.ts'
import { checkMessage, inboundFileName } from '../../../src/modules/channels/adapters/limits.ts'
import { simulatorAdapter } from '../../../src/modules/channels/adapters/simulator.ts'
import { account, textPart, webhook } from './fixtures.ts'

const MiB = 1024 * 1024

function codes(kind: ChannelKind, text: string | null, files: Array<[type: string, size: number]> = []): string[] {
  const limits = adapterFor(kind).limits(account(kind).config)
  const measured = files.map(([type, size], index) => ({ id: `f${index}`, name: `f${index}`, type, size }))
  return checkMessage(limits, { text, files: measured }).map((problem) => problem.code)
}

t.test('the longest text each channel takes', async (t) => {
  for (const [kind, length] of [
    ['telegram', 4096],
    ['whatsapp', 4096],
    ['messenger', 2000],
    ['sms', 1600],
  ] as const) {
    t.same(codes(kind, 'x'.repeat(length)), [], kind)
    t.same(codes(kind, 'x'.repeat(length + 1)), ['TEXT_TOO_LONG'], kind)
  }
})

t.test('files by number, type and size', async (t) => {
  const ten = Array.from({ length: 10 }, (): [string, number] => ['image/png', 1])
  for (const kind of Object.keys(adapters) as ChannelKind[]) {
    t.same(codes(kind, null, ten), [], kind)
    t.same(codes(kind, null, [...ten, ['image/png', 1]]), ['TOO_MANY_FILES'], kind)
  }
  const table: Array<[ChannelKind, string, number, string | null]> = [
    ['telegram', 'application/x-anything', 50 * MiB, 'FILE_TOO_LARGE'],
    ['whatsapp', 'image/jpeg', 5 * MiB, 'FILE_TOO_LARGE'],
    ['whatsapp', 'audio/ogg; codecs=opus', 16 * MiB, 'FILE_TOO_LARGE'],
    ['whatsapp', 'video/mp4', 16 * MiB, 'FILE_TOO_LARGE'],
    ['whatsapp', 'application/pdf', 100 * MiB, 'FILE_TOO_LARGE'],
    ['messenger', 'application/zip', 25 * MiB, 'FILE_TOO_LARGE'],
    ['sms', 'application/pdf', 500 * 1024, 'FILE_TOO_LARGE'],
  ]
  for (const [kind, type, size, code] of table) {
    t.same(codes(kind, null, [[type, size]]), [], `${kind} ${type}`)
    t.same(codes(kind, null, [[type, size + 1]]), [code], `${kind} ${type} too large`)
  }
  for (const type of ['image/gif', 'application/zip', 'video/webm', 'application/x-msdownload'])
    t.same(codes('whatsapp', null, [[type, 1]]), ['FILE_TYPE_DENIED'], type)
  t.same(codes('sms', null, [['application/zip', 1]]), ['FILE_TYPE_DENIED'])
  t.same(
    codes('sms', null, [
      ['image/png', 3 * MiB],
      ['image/png', 3 * MiB],
    ]),
    ['FILES_TOO_LARGE'],
  )
})

t.test('a problem names the file and the limit', async (t) => {
  const files = [{ id: 'f1', name: 'big.jpg', type: 'image/jpeg', size: 6 * MiB }]
  t.same(checkMessage(adapterFor('whatsapp').limits({}), { text: null, files }), [
    { code: 'FILE_TOO_LARGE', fileId: 'f1', fileName: 'big.jpg', size: 6 * MiB, limit: 5 * MiB },
  ])
})

t.test('statuses and reply windows', async (t) => {
  const facts = (kind: ChannelKind) => [adapterFor(kind).statuses.join(), adapterFor(kind).limits({}).replyWindowHours]
  t.same(facts('telegram'), ['sent,failed', null])
  t.same(facts('whatsapp'), ['sent,delivered,read,failed', 24])
  t.same(facts('messenger'), ['sent,delivered,read,failed', 24])
  t.same(facts('sms'), ['sent,delivered,read,failed', null])
})

t.test('configs', async (t) => {
  for (const kind of Object.keys(adapters) as ChannelKind[]) {
    const { config } = account(kind)
    t.same(configProblems(adapterFor(kind), config), [], kind)
    t.ok(configProblems(adapterFor(kind), { ...config, typo: 1 }).length > 0, `${kind} refuses unknown fields`)
    for (const field of adapterFor(kind).secretFields) t.ok(field in config, `${kind}.${field}`)
  }
  const base = (apiBaseUrl: string) => configProblems(adapterFor('telegram'), { ...account('telegram').config, apiBaseUrl }).length === 0
  for (const origin of [
    'http://127.0.0.1:8081',
    'http://localhost:1',
    'http://[::1]:1',
    'https://bots.example.org',
    'http://127.0.0.1:8081/',
  ])
    t.ok(base(origin), origin)
  for (const origin of [
    'http://10.0.0.1:8081',
    'http://example.org',
    'https://example.org/path',
    'ftp://127.0.0.1',
    'https://u:p@example.org',
    'nonsense',
    'http://127.0.0.1.evil.org',
  ]) {
    t.notOk(base(origin), origin)
  }
  const { from: _from, ...sender } = account('sms').config
  t.ok(configProblems(adapterFor('sms'), sender).length > 0, 'a number or a service is needed')
  t.same(configProblems(adapterFor('sms'), { ...sender, messagingServiceSid: 'MG1' }), [])
  const problems = configProblems(adapterFor('telegram'), { token: 'se cret' })
  t.match(problems, [{ field: 'token' }])
  t.notOk(JSON.stringify(problems).includes('se cret'), 'secrets are not repeated')
  t.equal(
    webhookUrl(account('telegram', {}, { publicUrl: 'https://x.org/parley/' })),
    'https://x.org/parley/webhooks/telegram/telegram-main',
  )
})

t.test('names for files without one', async (t) => {
  t.equal(inboundFileName({ kind: 'voice', name: null, type: 'audio/ogg; codecs=opus' }), 'voice.ogg')
  t.equal(inboundFileName({ kind: 'document', name: null, type: 'application/x-new' }), 'document')
  t.equal(inboundFileName({ kind: 'document', name: 'рахунок.pdf', type: null }), 'рахунок.pdf')
})

t.test('simulated customers', async (t) => {
  const channel = account('simulator', {}, { id: 'sim1' })
  const parse = (body: unknown) => simulatorAdapter.parse(webhook(JSON.stringify(body)), channel)
  t.match(parse({ from: 'anna', name: 'Anna', text: 'hi', fileIds: ['f1'], messageId: 'x1' }), [
    {
      kind: 'message',
      externalId: 'x1',
      customer: { identities: [{ namespace: 'simulator:sim1', externalId: 'anna' }], name: 'Anna' },
      text: 'hi',
      files: [{ source: { by: 'stored', fileId: 'f1' } }],
    },
  ])
  const [one, two] = [parse({ from: 'anna', text: 'hi' }), parse({ from: 'anna', text: 'hi' })]
  t.not(one[0]?.kind === 'message' && one[0].externalId, two[0]?.kind === 'message' && two[0].externalId, 'without an id each is new')
  for (const body of [{}, { from: 'a' }, { from: '', text: 'x' }, { from: 7, text: 'x' }, { from: 'a', fileIds: [1] }]) {
    t.throws(() => parse(body), { name: 'MalformedPayload' }, JSON.stringify(body))
  }
  t.match(
    await simulatorAdapter.send(textPart('x'), { identities: [] }, 'm7', channel, {
      request: () => Promise.reject(new Error('no calls')),
      close: async () => undefined,
    }),
    {
      ok: true,
      externalIds: ['m7'],
      status: 'delivered',
    },
  )
})
