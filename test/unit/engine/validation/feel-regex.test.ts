import t from 'tap'
import { isRisky } from '../../../../src/engine/validation/feel-regex.ts'

t.test('patterns that can take exponential time are found', async (t) => {
  for (const pattern of ['(a+)+$', '(a+b?)+$', '((a*))*', '(a|aa)+$', '(x+x+)+y', '(a{2,})*', '([a-z]+)*', '(?:a+){10}'])
    t.ok(isRisky(pattern), pattern)
})

t.test('ordinary patterns are not', async (t) => {
  for (const pattern of ['^[A-Z]{2}\\d+$', '(foo|bar)', '\\(\\+\\)+', '[()*+]+', '(\\d{3})-(\\d{4})', 'a(b)+c', '^\\s*order\\s+#?(\\d+)'])
    t.notOk(isRisky(pattern), pattern)
})
