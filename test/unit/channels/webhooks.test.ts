import t from 'tap'
import type { ChannelKind, InboundEvent } from '../../../src/modules/channels/adapters/adapter.ts'
import { MalformedPayload } from '../../../src/modules/channels/adapters/adapter.ts'
import { adapterFor } from '../../../src/modules/channels/adapters/index.ts'
import { account, formType, payload, payloadFiles, webhook } from './fixtures.ts'
import { webhookCases } from './webhook-cases.ts'

const kinds: Record<string, ChannelKind> = { telegram: 'telegram', whatsapp: 'whatsapp', messenger: 'messenger', twilio: 'sms' }

function parseFile(name: string): InboundEvent[] {
  const kind = kinds[name.split('/')[0] ?? ''] ?? 'simulator'
  const headers = name.endsWith('.txt') ? formType : { 'content-type': 'application/json' }
  return adapterFor(kind).parse(webhook(payload(name), { headers }), account(kind))
}

t.test('every webhook file is expected to become something', async (t) => {
  const webhooks = payloadFiles().filter((name) => name.includes('/') && !/\/(api_|verify_get|twiml_)/.test(name))
  t.same(Object.keys(webhookCases).sort(), webhooks)
})

for (const [name, expected] of Object.entries(webhookCases)) {
  t.test(name, async (t) => {
    const events = parseFile(name)
    t.equal(events.length, expected.length, 'as many events as expected')
    for (const [index, wanted] of expected.entries()) {
      const event = { ...events[index] } as Record<string, unknown>
      t.match(event, wanted, `event ${index + 1}`)
      // match takes a part of a text for the whole.
      for (const [key, value] of Object.entries(wanted)) if (typeof value === 'string') t.equal(event[key], value, key)
    }
  })
}

t.test('what does not parse is malformed, what is unknown is ignored', async (t) => {
  for (const kind of ['telegram', 'whatsapp', 'messenger', 'simulator'] as const) {
    const adapter = adapterFor(kind)
    for (const body of ['', '{', '[]', '"text"', 'null', '7']) {
      t.throws(() => adapter.parse(webhook(body), account(kind)), MalformedPayload, `${kind} ${body}`)
    }
  }
  for (const kind of ['telegram', 'whatsapp', 'messenger'] as const) {
    const bodies = [
      '{}',
      '{"entry":null}',
      '{"object":"page","entry":[null,7,{"messaging":[null,{}]}]}',
      '{"update_id":1,"brand_new":{}}',
      '{"message":7}',
    ]
    const strange =
      '{"object":"whatsapp_business_account","entry":[{"changes":[{"field":"messages","value":{"messages":[{},null],"statuses":[{}]}}]}]}'
    for (const body of [...bodies, strange]) {
      const events = adapterFor(kind).parse(webhook(body), account(kind))
      t.ok(events.length > 0 && events.every((event) => event.kind === 'ignored'), `${kind} ignores ${body}`)
    }
  }
  const events = adapterFor('sms').parse(webhook('Brand=New', { headers: formType }), account('sms'))
  t.match(events, [{ kind: 'ignored' }])
})
