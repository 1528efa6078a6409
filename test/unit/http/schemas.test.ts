import t from 'tap'
import { Type } from 'typebox'
import { ChatTile, MessageSend } from '../../../src/contracts/chats.ts'
import { Instant, Nullable, Page } from '../../../src/contracts/common.ts'
import { serializerCompiler, withoutUnions } from '../../../src/platform/http/serialization.ts'
import { closeObjects, describeErrors, validatorCompiler } from '../../../src/platform/http/validation.ts'

const at = '2030-01-07T08:00:00.000Z'
const tile = {
  id: '1',
  number: 7,
  seq: 4,
  status: 'waiting',
  contact: { id: '1', name: 'Carl "C" \u2028 é', photoUrl: null, initials: 'C' },
  channel: { id: 'x', kind: 'telegram', name: 'T' },
  queue: { id: '1', name: 'G' },
  agent: null,
  lastMessage: { text: 'hi', direction: 'incoming', at, status: null },
  unread: 1,
  hasDraft: false,
  lastCustomerMessageAt: at,
  responseDueAt: null,
  overdueSince: null,
  timeoutAt: null,
  createdAt: at,
}

t.test('answers are written as JSON.stringify would', async (t) => {
  const write = serializerCompiler({ schema: Page(ChatTile) })
  const page = { items: [tile, { ...tile, agent: { id: '2', name: 'Ann' }, lastMessage: null }], nextCursor: null }
  t.same(JSON.parse(write(page)), page)
  t.same(JSON.parse(write({ ...page, nextCursor: '7' })).nextCursor, '7')
})

t.test('what the schema does not name stays inside', async (t) => {
  const write = serializerCompiler({ schema: Page(ChatTile) })
  const answer = write({ items: [{ ...tile, password_hash: 'secret', contact: { ...tile.contact, token: 'secret' } }], nextCursor: null })
  t.notMatch(answer, /secret/)
})

t.test('a missing property is a bug that shows', async (t) => {
  const { id: _id, ...rest } = tile
  t.throws(() => serializerCompiler({ schema: ChatTile })(rest), /"id" is required/)
})

t.test('unions that mean more than null are kept', async (t) => {
  const shapes = Type.Union([Type.Object({ a: Type.String() }), Type.Object({ b: Type.Integer() })])
  const write = serializerCompiler({
    schema: Type.Object({ shapes: Type.Array(shapes), any: Nullable(Type.Unknown()), at: Nullable(Instant) }),
  })
  const value = { shapes: [{ a: 'x' }, { b: 2 }], any: { deep: [1, null] }, at: null }
  t.same(JSON.parse(write(value)), value)
  t.same(JSON.parse(write({ ...value, any: null, at })), { ...value, any: null, at })
  t.same(withoutUnions(shapes), JSON.parse(JSON.stringify(shapes)))
})

t.test('schemas of the contracts are not changed by being used', async (t) => {
  const before = JSON.stringify([ChatTile, MessageSend])
  serializerCompiler({ schema: ChatTile })
  closeObjects(MessageSend)
  t.equal(JSON.stringify([ChatTile, MessageSend]), before)
})

t.test('closing objects spares those that say what they take', async (t) => {
  const free = Type.Object({
    variables: Type.Record(Type.String(), Type.Unknown()),
    any: Type.Object({}),
    list: Type.Array(Type.Object({ a: Type.String() })),
  })
  const check = validatorCompiler({ schema: free, httpPart: 'body', method: 'POST', url: '/' })
  const result = (value: unknown) => check(value) as { value?: unknown; error?: Parameters<typeof describeErrors>[0] }
  const good = { variables: { x: 1 }, any: { y: 2 }, list: [{ a: 'b' }] }
  t.same(result(good), { value: good })
  t.same(describeErrors(result({ ...good, list: [{ a: 'b', c: 1 }] }).error ?? []), [{ path: 'list.0.c', message: 'is not known here' }])
  t.same(describeErrors(result({ ...good, more: 1 }).error ?? []), [{ path: 'more', message: 'is not known here' }])
  const open = validatorCompiler({
    schema: Type.Object({ a: Type.String() }, { additionalProperties: true }),
    httpPart: 'body',
    method: 'POST',
    url: '/',
  })
  t.same(open({ a: 'b', c: 1 }), { value: { a: 'b', c: 1 } })
})

t.test('each kind of mistake has words', async (t) => {
  const schema = Type.Object({
    text: Type.Optional(Type.String({ minLength: 2, maxLength: 3 })),
    number: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 5 })),
    list: Type.Optional(Type.Array(Type.String(), { minItems: 1, maxItems: 2 })),
    at: Type.Optional(Nullable(Instant)),
    minutes: Type.Optional(Nullable(Type.Number({ exclusiveMinimum: 0 }))),
    kind: Type.Optional(Type.Union([Type.Literal('a'), Type.Literal('b')])),
  })
  const check = validatorCompiler({ schema, httpPart: 'body', method: 'POST', url: '/' })
  const said = (value: object) =>
    describeErrors((check(value) as { error?: Parameters<typeof describeErrors>[0] }).error ?? []).map(
      (one) => `${one.path} ${one.message}`,
    )
  t.same(said({ text: 'x' }), ['text must have at least 2 characters'])
  t.same(said({ text: 'xxxx' }), ['text must have at most 3 characters'])
  t.same(said({ text: 5 }), ['text must be a text'])
  t.same(said({ number: 0 }), ['number must be more than 0'])
  t.same(said({ number: 6 }), ['number must be 5 or less'])
  t.same(said({ list: [] }), ['list must have at least 1 entry'])
  t.same(said({ list: ['a', 'b', 'c'] }), ['list must have at most 2 entries'])
  t.same(said({ list: [1] }), ['list.0 must be a text'])
  t.same(said({ at: 'yesterday' }), ['at must be a time such as 2030-01-31T08:00:00Z'])
  t.same(said({ minutes: -1 }), ['minutes must be more than 0'])
  t.same(said({ minutes: '1' }), ['minutes must be a number'])
  t.same(said({ kind: 'c' }), ['kind must be one of "a", "b"'])
  t.same(said({ at: null, minutes: null }), [])
})
