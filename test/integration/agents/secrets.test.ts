import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import path from 'node:path'
import t from 'tap'
import { createSecretBox, SecretKeyError } from '../../../src/modules/settings/index.ts'

async function folder(t: { teardown(clean: () => Promise<void>): unknown }): Promise<string> {
  const dir = await mkdtemp(path.join(tmpdir(), 'parley-secrets-'))
  t.teardown(() => rm(dir, { recursive: true, force: true }))
  return dir
}

const secrets = { token: '123:abc', nested: ['é', 1, null] }

t.test('what is sealed opens again and looks different each time', async (t) => {
  const box = await createSecretBox({ secretKey: 'a passphrase of some length', dataDir: '/nowhere' })
  const [first, second] = [box.seal(secrets), box.seal(secrets)]
  t.same(box.open(first), secrets)
  t.notOk(first.equals(second))
  t.notOk(first.includes('123:abc'))
  t.equal(first[0], 1, 'the first byte says how it is sealed')
})

t.test('every node with the same key opens it', async (t) => {
  const key = Buffer.alloc(32, 7)
  for (const [one, other] of [
    ['a passphrase of some length', 'a passphrase of some length'],
    [key.toString('hex'), key.toString('base64')],
    [key.toString('hex').toUpperCase(), key.toString('base64').replace('=', '')],
  ]) {
    const sealed = (await createSecretBox({ secretKey: one ?? null, dataDir: '/nowhere' })).seal(secrets)
    t.same((await createSecretBox({ secretKey: other ?? null, dataDir: '/nowhere' })).open(sealed), secrets)
  }
})

t.test('another key, a changed byte and an unknown form are told apart from a bug', async (t) => {
  const box = await createSecretBox({ secretKey: 'a passphrase of some length', dataDir: '/nowhere' })
  const other = await createSecretBox({ secretKey: 'a passphrase of some lengtH', dataDir: '/nowhere' })
  const sealed = box.seal(secrets)
  t.throws(() => other.open(sealed), { name: 'SecretKeyError', message: /PARLEY_SECRET_KEY/ })
  for (let at = 1; at < sealed.length; at++) {
    const changed = Buffer.from(sealed)
    changed[at] = (changed[at] ?? 0) ^ 1
    t.throws(() => box.open(changed), SecretKeyError, `byte ${at}`)
  }
  t.throws(() => box.open(Buffer.from([2, ...sealed.subarray(1)])), /unknown form/)
  t.throws(() => box.open(Buffer.alloc(0)), /unknown form/)
  await t.rejects(createSecretBox({ secretKey: 'short', dataDir: '/nowhere' }), /at least 16/)
})

t.test('without a key one is made, kept for its owner only, and used again', async (t) => {
  const dataDir = path.join(await folder(t), 'data')
  const boxes = await Promise.all(Array.from({ length: 8 }, () => createSecretBox({ secretKey: null, dataDir })))
  const sealed = boxes[0]?.seal(secrets) ?? Buffer.alloc(0)
  for (const box of [...boxes, await createSecretBox({ secretKey: null, dataDir })]) t.same(box.open(sealed), secrets)
  const file = path.join(dataDir, 'secret.key')
  t.equal((await stat(file)).mode & 0o777, 0o600)
  t.match(await readFile(file, 'utf8'), /^[\da-f]{64}\n$/)
  t.same(await readdir(dataDir), ['secret.key'], 'no drafts are left')
})

t.test('a damaged key file is not replaced: what it sealed would be lost', async (t) => {
  const dataDir = await folder(t)
  await writeFile(path.join(dataDir, 'secret.key'), 'half a k')
  await t.rejects(createSecretBox({ secretKey: null, dataDir }), /secret\.key does not hold a key/)
  t.equal(await readFile(path.join(dataDir, 'secret.key'), 'utf8'), 'half a k')
})
