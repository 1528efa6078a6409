import t from 'tap'
import { addAgent, startParley } from '../../helpers/parley.ts'
import { S3Emulator } from './s3-emulator.ts'
import { download, filesOnDisk, png, tryUpload, upload, windowsProgram } from './support.ts'

t.test('Files in a bucket', async (t) => {
  const s3 = new S3Emulator('AKIATEST')
  await s3.listen()
  t.teardown(() => s3.close())
  const parley = await startParley(t, {
    env: {
      PARLEY_S3_BUCKET: 'chats',
      PARLEY_S3_ENDPOINT: s3.origin,
      PARLEY_S3_REGION: 'eu-central-1',
      PARLEY_S3_ACCESS_KEY_ID: 'AKIATEST',
      PARLEY_S3_SECRET_ACCESS_KEY: 'secret',
    },
  })
  const anna = await addAgent(parley, 'Anna', {}, 'inactive')

  t.test('are stored with their type, read whole and in part, and removed', async (t) => {
    const file = await upload(parley, anna, 'photo.png', png)
    const [[path, object] = []] = [...s3.objects]
    t.match(
      { path, type: object?.type, bytes: object?.bytes },
      { path: `/chats/${file.id.slice(0, 2)}/${file.id}`, type: 'image/png', bytes: png },
    )
    t.same(await filesOnDisk(parley), [], 'nothing stays on this machine')
    t.same((await download(parley, anna, file.url)).rawPayload, png)
    t.same((await download(parley, anna, file.url, { range: 'bytes=1-3' })).rawPayload, png.subarray(1, 4))
    const { db } = parley.container.database
    await db
      .updateTable('files')
      .set({ created_at: new Date(0) })
      .where('id', '=', file.id)
      .execute()
    await parley.container.files.service.sweep()
    t.equal(s3.objects.size, 0)
  })

  t.test('that are refused never reach it', async (t) => {
    const before = s3.calls.length
    t.equal((await tryUpload(parley, anna, 'photo.png', windowsProgram)).status, 415)
    t.equal(s3.calls.length, before)
  })

  t.test('that it does not take leave nothing behind', async (t) => {
    s3.failWith = 400
    t.match(await tryUpload(parley, anna, 'photo.png', png), { status: 503, body: { code: 'STORAGE_UNAVAILABLE', detail: /Try again/ } })
    s3.failWith = null
    t.same(await filesOnDisk(parley), [])
    t.same(await parley.container.database.db.selectFrom('files').select('id').execute(), [])
  })

  t.test('that it has lost are said to be lost', async (t) => {
    const file = await upload(parley, anna, 'photo.png', png)
    s3.objects.clear()
    t.match((await download(parley, anna, file.url)).json(), { status: 410, code: 'FILE_LOST' })
  })
})

t.test('Half a configuration is refused at the start', async (t) => {
  const { readConfig } = await import('../../../src/platform/config.ts')
  t.throws(() => readConfig({ PARLEY_S3_REGION: 'eu-central-1' }), /PARLEY_S3_REGION needs PARLEY_S3_BUCKET/)
  t.throws(() => readConfig({ PARLEY_S3_BUCKET: 'x', PARLEY_S3_ACCESS_KEY_ID: 'y' }), /go together/)
  t.throws(() => readConfig({ PARLEY_S3_BUCKET: 'x', PARLEY_S3_ENDPOINT: 'nowhere' }), /must be a URL/)
})
