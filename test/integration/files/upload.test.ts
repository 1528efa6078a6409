import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import t from 'tap'
import { addAgent, startParley } from '../../helpers/parley.ts'
import { until } from '../../helpers/until.ts'
import { filesOnDisk, formWith, pdf, png, tryUpload, upload, windowsProgram } from './support.ts'

t.test('Uploading and reading files', async (t) => {
  const parley = await startParley(t, { listen: true })
  const anna = await addAgent(parley, 'Anna', {}, 'inactive')
  await parley.admin.ok('PUT', '/api/settings/MaxFileSize', { value: 1 })

  t.test('An upload is kept under a clean name with the type its bytes have', async (t) => {
    const file = await upload(parley, anna, 'C:\\holiday\\Ünïcode photo.png', png, 'text/html')
    t.match(file, { name: 'Ünïcode photo.png', size: png.length, type: 'image/png', url: `/api/files/${file.id}` })
    const row = await parley.container.database.db.selectFrom('files').selectAll().where('id', '=', file.id).executeTakeFirstOrThrow()
    t.match(row, { state: 'ready', sha256: createHash('sha256').update(png).digest('hex'), uploaded_by: anna.agent.id })
    const text = await upload(parley, anna, 'list.csv', Buffer.from('a;b\n1;2\n'), 'image/png')
    t.equal(text.type, 'text/csv', 'a lie about the type is not believed')
    t.equal((await upload(parley, anna, 'noise.txt', randomBytes(64).fill(0, 0, 1))).type, 'application/octet-stream')
  })

  t.test('Pictures are shown in place, the rest is an attachment; nothing runs', async (t) => {
    const picture = await parley.app.inject({ url: (await upload(parley, anna, 'a.png', png)).url, headers: { cookie: anna.cookie } })
    t.equal(picture.statusCode, 200)
    t.same(picture.rawPayload, png)
    t.match(picture.headers, {
      'content-type': 'image/png',
      'content-disposition': /^inline; filename="a.png"/,
      'x-content-type-options': 'nosniff',
      'content-security-policy': /default-src 'none'; sandbox/,
      'cache-control': /^private/,
    })
    await parley.admin.ok('PUT', '/api/settings/FileExtensionsDenyList', { value: 'exe, .MSI' })
    const page = await upload(parley, anna, 'Überblick "1".txt', Buffer.from('<!doctype html><script>alert(1)</script>'))
    t.equal(page.type, 'text/html')
    const served = await parley.app.inject({ url: page.url, headers: { cookie: anna.cookie } })
    t.match(served.headers['content-disposition'], /^attachment; filename="Uberblick _1_.txt"; filename\*=UTF-8''%C3%9Cberblick%20_1_.txt$/)
    t.match(served.headers['content-security-policy'], /sandbox/)
    const asked = await parley.app.inject({ url: `${picture.raw.req.url}?download=1`, headers: { cookie: anna.cookie } })
    t.match(asked.headers['content-disposition'], /^attachment/)
  })

  t.test('Ranges, repeated requests and HEAD', async (t) => {
    const { url } = await upload(parley, anna, 'a.txt', Buffer.from('0123456789'))
    const ask = (headers: Record<string, string>, method: 'GET' | 'HEAD' = 'GET') =>
      parley.app.inject({ method, url, headers: { cookie: anna.cookie, ...headers } })
    const part = await ask({ range: 'bytes=2-4' })
    t.match(
      { status: part.statusCode, range: part.headers['content-range'], body: part.body },
      { status: 206, range: 'bytes 2-4/10', body: '234' },
    )
    t.equal((await ask({ range: 'bytes=-3' })).body, '789')
    t.equal((await ask({ range: 'bytes=8-99' })).body, '89')
    const beyond = await ask({ range: 'bytes=10-' })
    t.match(
      { status: beyond.statusCode, range: beyond.headers['content-range'], code: beyond.json().code },
      { status: 416, range: 'bytes */10' },
    )
    t.equal((await ask({ range: 'bytes=0-1,4-5' })).body, '0123456789', 'several ranges are answered with the whole')
    const whole = await ask({})
    t.equal((await ask({ 'if-none-match': String(whole.headers.etag) })).statusCode, 304)
    t.equal((await ask({ range: 'bytes=0-1', 'if-range': '"other"' })).statusCode, 200)
    const head = await ask({}, 'HEAD')
    t.match({ status: head.statusCode, length: head.headers['content-length'], body: head.body }, { status: 200, length: '10', body: '' })
  })

  t.test('What is refused leaves nothing behind', async (t) => {
    const before = await filesOnDisk(parley)
    const exe = await tryUpload(parley, anna, 'photo.jpg', windowsProgram, 'image/jpeg')
    t.match(exe, { status: 415, body: { code: 'FILE_TYPE_DENIED', file: 'photo.jpg', extension: 'exe' } })
    t.match(await tryUpload(parley, anna, 'setup.\u202eexe', png), { status: 415, body: { code: 'FILE_TYPE_DENIED' } })
    t.match(await tryUpload(parley, anna, 'empty.txt', Buffer.alloc(0)), { status: 422, body: { code: 'FILE_EMPTY' } })
    const large = await tryUpload(parley, anna, 'large.dat', Buffer.alloc(1024 * 1024 + 1, 1))
    t.match(large, { status: 413, body: { code: 'FILE_TOO_LARGE', limit: 1024 * 1024, file: 'large.dat', detail: /1 MiB/ } })
    t.equal((await tryUpload(parley, anna, 'just right.dat', Buffer.alloc(1024 * 1024, 1))).status, 201)
    t.equal((await filesOnDisk(parley)).length, before.length + 1, 'only the accepted one is there')
    const json = await anna.call('POST', '/api/files', { name: 'a.txt' })
    t.equal(json.status, 415)
    const empty = await parley.app.inject({
      method: 'POST',
      url: '/api/files',
      headers: { cookie: anna.cookie, 'content-type': 'multipart/form-data; boundary=x' },
      payload: '--x--\r\n',
    })
    t.match(empty.json(), { code: 'FILE_MISSING' })
  })

  t.test('A file that is too large is refused while it is still coming', async (t) => {
    const before = await filesOnDisk(parley)
    const { headers, payload } = formWith('film.mov', Buffer.alloc(1024 * 1024 + 4096, 1))
    const body = payload.subarray(0, payload.length - 100)
    const call = httpRequest(`${parley.url}/api/files`, { method: 'POST', headers: { ...headers, cookie: anna.cookie } })
    call.on('error', () => undefined) // the connection is ours to cut
    call.write(body)
    const [response] = await once(call, 'response')
    t.equal(response.statusCode, 413, 'the answer comes although the upload has not ended')
    call.destroy()
    t.same(await filesOnDisk(parley), before)
  })

  t.test('A head of a program is refused before the rest has come', async (t) => {
    const { headers, payload } = formWith('film.mov', Buffer.concat([windowsProgram, Buffer.alloc(4096)]))
    const call = httpRequest(`${parley.url}/api/files`, { method: 'POST', headers: { ...headers, cookie: anna.cookie } })
    call.on('error', () => undefined) // the connection is ours to cut
    call.write(payload.subarray(0, payload.length - 100))
    const [response] = await once(call, 'response')
    t.equal(response.statusCode, 415)
    call.destroy()
  })

  t.test('An upload that breaks off leaves nothing behind', async (t) => {
    const before = await filesOnDisk(parley)
    const { headers, payload } = formWith('half.dat', Buffer.alloc(600_000, 1))
    const call = httpRequest(`${parley.url}/api/files`, { method: 'POST', headers: { ...headers, cookie: anna.cookie } })
    call.on('error', () => undefined) // that is what is tested
    call.write(payload.subarray(0, 500_000))
    await until(async () => (await filesOnDisk(parley)).length > before.length, { message: 'the upload to begin' })
    call.destroy()
    await until(async () => (await filesOnDisk(parley)).length === before.length, { message: 'the half file to be gone' })
    const rows = await parley.container.database.db.selectFrom('files').select('id').where('name', '=', 'half.dat').execute()
    t.same(rows, [])
  })

  t.test('Only who may see a file reads it', async (t) => {
    const { url } = await upload(parley, anna, 'secret.pdf', pdf)
    const bert = await addAgent(parley, 'Bert', {}, 'inactive')
    t.equal((await anna.call('GET', url)).status, 200)
    t.equal((await bert.call('GET', url)).status, 404, 'another agent does not even learn that it exists')
    t.equal((await parley.app.inject({ url })).statusCode, 401)
    t.equal((await anna.call('GET', '/api/files/00000000-0000-0000-0000-000000000000')).status, 404)
    t.equal((await anna.call('GET', '/api/files/nonsense')).status, 404)
    t.equal((await parley.app.inject({ url: '/files/public/AAAA/x.png' })).statusCode, 404)
  })
})
