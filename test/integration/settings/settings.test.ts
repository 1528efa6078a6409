import { randomUUID } from 'node:crypto'
import t from 'tap'
import type { Setting } from '../../../src/contracts/index.ts'
import { addAgent, startParley, type TestAgent } from '../../helpers/parley.ts'
import { createTestDatabase } from '../../helpers/postgres.ts'
import { until } from '../../helpers/until.ts'

interface Refusal {
  code: string
  detail: string
  problems: { path: string; message: string }[]
}

const put = (agent: TestAgent, code: string, value: unknown) => agent.call<Setting & Refusal>('PUT', `/api/settings/${code}`, { value })
const read = async (agent: TestAgent, code: string) =>
  (await agent.ok<{ items: Setting[] }>('GET', '/api/settings')).items.find((setting) => setting.code === code)

t.test('System settings', async (t) => {
  const databaseUrl = (await createTestDatabase(t)).url
  const parley = await startParley(t, { databaseUrl })
  const anna = await addAgent(parley, 'Anna', {}, 'inactive')
  const { settings, database } = parley.container

  t.test('Everybody reads them, an administrator changes them, and the change is on record', async (t) => {
    t.match(await read(anna, 'MaxFileSize'), { value: 50, defaultValue: 50, updatedAt: null, updatedBy: null, description: String })
    t.match(await put(anna, 'MaxFileSize', 3), { status: 403 })
    const changed = await put(parley.admin, 'MaxFileSize', 3)
    t.match(changed, { status: 200, body: { code: 'MaxFileSize', value: 3, updatedBy: { id: parley.admin.agent.id } } })
    t.equal((await read(anna, 'MaxFileSize'))?.value, 3)
    t.equal(await settings.get('MaxFileSize'), 3)
    const record = await database.db.selectFrom('audit_log').selectAll().where('subject', '=', 'setting:MaxFileSize').execute()
    t.match(record, [{ action: 'setting.changed', agent_id: parley.admin.agent.id, details: { value: 3 } }])
  })

  t.test('A wrong value is refused with what is allowed, an unknown code with 404', async (t) => {
    const wrong: [string, unknown, RegExp][] = [
      ['MaxFileSize', 0, /whole number of MiB from 1 to 2048/],
      ['MaxFileSize', 1.5, /whole number/],
      ['MaxFileSize', '10', /whole number/],
      ['NotificationSound', 'fanfare', /one of chime, bell, knock, custom, none/],
      ['DefaultPanelForChatProcessing', null, /one of inbox/],
      ['FileExtensionsDenyList', ['exe', '../x'], /list of extensions/],
      ['FileExtensionsDenyList', { exe: true }, /list of extensions/],
      ['ContactProfileFields', ['email', 'email'], /each once/],
      ['ContactProfileFields', ['shoeSize'], /custom\.<name>/],
      ['LinkContactProcess', 'no such key!', /key of a process/],
      ['TranslationProvider', { provider: 'deepl', apiKey: 7 }, /"deepl"/],
      ['TranslationProvider', { provider: 'deepl', pasword: 'x' }, /"deepl"/],
    ]
    for (const [code, value, allowed] of wrong) {
      const { status, body } = await put(parley.admin, code, value)
      t.match(
        { status, code: body.code, detail: body.detail },
        { status: 422, code: 'INVALID_SETTING', detail: allowed },
        `${code} ${JSON.stringify(value)}`,
      )
      t.ok(body.problems.length > 0)
    }
    t.match(await put(parley.admin, 'NoSuchSetting', 1), { status: 404 })
    t.match(await put(parley.admin, 'toString', 1), { status: 404 })
    t.match(await parley.admin.call('PUT', '/api/settings/MaxFileSize', {}), { status: 400 })
    t.equal((await read(anna, 'NotificationSound'))?.value, 'chime', 'nothing of it was kept')
  })

  t.test('Extensions may be written as people write them', async (t) => {
    t.same((await put(parley.admin, 'FileExtensionsDenyList', 'EXE, .bat;*.Cmd exe')).body.value, ['bat', 'cmd', 'exe'])
    t.same((await put(parley.admin, 'FileExtensionsDenyList', ['.JS', 'js'])).body.value, ['js'])
    t.same((await put(parley.admin, 'FileExtensionsDenyList', [])).body.value, [], 'an administrator may allow everything')
  })

  t.test('A secret goes in, works, and never comes out', async (t) => {
    const secret = `key-${randomUUID()}`
    const changed = await put(parley.admin, 'TranslationProvider', { provider: 'deepl', apiKey: secret })
    t.same(changed.body.value, { provider: 'deepl', apiKey: '********' })
    t.notMatch(JSON.stringify(await anna.ok('GET', '/api/settings')), secret)
    const stored = await database.db.selectFrom('settings').selectAll().where('code', '=', 'TranslationProvider').execute()
    const record = await database.db.selectFrom('audit_log').selectAll().execute()
    t.notMatch(JSON.stringify([stored, record]), secret, 'it is sealed in the database and absent from the audit log')
    t.same(await settings.get('TranslationProvider'), { provider: 'deepl', apiKey: secret })
    await put(parley.admin, 'TranslationProvider', { provider: 'azure', region: 'westeurope', apiKey: '********' })
    t.same(await settings.get('TranslationProvider'), { provider: 'azure', region: 'westeurope', apiKey: secret }, 'the mask keeps it')
    await put(parley.admin, 'TranslationProvider', { provider: 'none' })
    t.same(await settings.get('TranslationProvider'), { provider: 'none' })
    await put(parley.admin, 'TranslationProvider', { provider: 'deepl', apiKey: '********' })
    t.same(await settings.get('TranslationProvider'), { provider: 'deepl' }, 'a mask of nothing is nothing')
  })

  t.test('Another node hears of a change', async (t) => {
    const other = await startParley(t, { databaseUrl })
    t.equal(await other.container.settings.get('NotificationSound'), 'chime')
    await put(parley.admin, 'NotificationSound', 'bell')
    await until(async () => (await other.container.settings.get('NotificationSound')) === 'bell', { timeoutMs: 5_000 })
  })
})
