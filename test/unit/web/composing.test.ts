import t from 'tap'
import { coversType, limitsText, type Restrictions, whyRefused } from '../../../src/web/chat/attachments.ts'
import { insertTemplate, templateQuery } from '../../../src/web/chat/template-query.ts'
import { fileSize } from '../../../src/web/ui/file-size.ts'

const mebibyte = 1024 * 1024
const restrictions: Restrictions = {
  maxFiles: 10,
  maxFileSize: 16 * mebibyte,
  fileTypes: [
    { type: 'image/webp', maxSize: mebibyte },
    { type: 'image/*', maxSize: 5 * mebibyte },
    { type: 'application/pdf', maxSize: 100 * mebibyte },
  ],
}

t.test('two slashes look for a template where a word may begin', async (t) => {
  const at = (text: string) => templateQuery(text, text.length)
  t.same(at('//'), { start: 0, q: '' })
  t.same(at('Dear Anna, //re fund'), { start: 11, q: 're fund' })
  t.same(at('first line\n//x'), { start: 11, q: 'x' })
  t.equal(at('see https://example.com'), null, 'an address is no search')
  t.equal(at('//refund\nnext line'), null, 'a new line ends it')
  t.equal(at('///'), null)
  t.equal(at(`//${'x'.repeat(61)}`), null, 'a long text is no search any more')
  t.same(templateQuery('//ab and more', 4), { start: 0, q: 'ab' }, 'what follows the cursor does not count')
})

t.test('a template takes the place of the search', async (t) => {
  const text = 'Hello //ref, bye'
  const query = templateQuery(text, 11)
  t.ok(query)
  t.same(query && insertTemplate(text, query, 'your money is back'), { text: 'Hello your money is back, bye', caret: 24 })
})

t.test('a file is refused before it is sent, with its name and the limit', async (t) => {
  const why = (name: string, type: string, size: number) => whyRefused({ name, type, size }, restrictions, ['exe', 'bat'])
  t.equal(why('a.png', 'image/png', 5 * mebibyte), null)
  t.match(why('a.png', 'image/png', 5 * mebibyte + 1), /a\.png has .*at most 5 MB/)
  t.match(why('a.webp', 'image/webp', 2 * mebibyte), /at most 1 MB/, 'the first type that fits counts')
  t.match(why('a.pdf', 'application/pdf', 17 * mebibyte), /at most 16 MB/, 'no file is larger than the largest')
  t.match(why('setup.EXE', 'image/png', 10), /\.exe are not allowed/)
  t.match(why('a.mp3', 'audio/mpeg', 10), /does not take files of the type audio\/mpeg/)
  t.match(why('a.png', 'image/png', 0), /a\.png is empty/)
  t.equal(why('notes', '', 10), null, 'what the browser cannot name is left to the server')
  t.equal(limitsText(restrictions), 'Up to 10 files of 16 MB')
  t.ok(coversType('*/*', 'a/b'))
  t.ok(coversType('text/plain', 'Text/Plain; charset=utf-8'))
  t.notOk(coversType('image/*', 'imagery/png'))
})

t.test('sizes are told for people', async (t) => {
  t.same([0, 340, 1024, 1536, 50 * mebibyte, 1.5 * 1024 * mebibyte].map(fileSize), ['0 B', '340 B', '1 KB', '1.5 KB', '50 MB', '1.5 GB'])
})
