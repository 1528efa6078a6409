import t from 'tap'
import { createInlineEngine } from '../../../src/engine/index.ts'
import { checkForm, type FeelEvaluator } from '../../../src/modules/quick-actions/check-form.ts'

const engine = createInlineEngine()
t.teardown(() => engine.close())
const evaluate: FeelEvaluator = (expression, variables) =>
  engine.evaluate(expression, { chat: null, event: null, agent: null, now: new Date(0) }, variables as Record<string, never>)

const check = (components: object[], submitted: Record<string, unknown>, data: Record<string, unknown> = {}) =>
  checkForm({ type: 'default', components }, submitted, data, evaluate)

const problemsOf = async (field: object, value: unknown) =>
  (await check([{ key: 'x', ...field }], value === undefined ? {} : { x: value })).problems.map((problem) => problem.message)

t.test('each kind of field takes its kind of value', async (t) => {
  const values = [
    { label: 'One', value: 1 },
    { label: 'Two', value: 'two' },
  ]
  const cases: { field: object; right: unknown[]; wrong: unknown[] }[] = [
    { field: { type: 'textfield' }, right: ['a', '', undefined, null], wrong: [1, ['a'], {}, 'x'.repeat(20_001)] },
    { field: { type: 'textfield', validate: { required: true } }, right: ['a'], wrong: ['', '  ', undefined, null] },
    { field: { type: 'textarea', validate: { minLength: 2, maxLength: 3 } }, right: ['ab', 'abc', ''], wrong: ['a', 'abcd'] },
    { field: { type: 'textfield', validate: { pattern: '^[0-9]+$' } }, right: ['12'], wrong: ['1a'] },
    { field: { type: 'textfield', validate: { validationType: 'email' } }, right: ['a@b.example'], wrong: ['a@b', 'a b@c.d'] },
    { field: { type: 'textfield', validate: { validationType: 'phone' } }, right: ['+44 20 7946 0018'], wrong: ['12', 'phone'] },
    {
      field: { type: 'number', validate: { min: 0, max: 2.5 }, decimalDigits: 1 },
      right: [0, 2.5, '1.5', null],
      wrong: [-1, 3, 0.25, 'one', true, Number.NaN],
    },
    { field: { type: 'checkbox', validate: { required: true } }, right: [true], wrong: [false, undefined, 'true'] },
    { field: { type: 'checkbox' }, right: [true, false, undefined], wrong: ['yes', 1] },
    { field: { type: 'select', values }, right: [1, 'two', null], wrong: ['1', 3, ['two']] },
    { field: { type: 'radio', values, validate: { required: true } }, right: ['two'], wrong: [undefined, 'One'] },
    { field: { type: 'taglist', values }, right: [[], [1, 'two']], wrong: ['two', ['three']] },
    { field: { type: 'checklist', values, validate: { required: true } }, right: [[1]], wrong: [[], ['1']] },
    { field: { type: 'datetime', subtype: 'date' }, right: ['2030-01-31'], wrong: ['31.01.2030', '2030-13-01', 1] },
    { field: { type: 'datetime', subtype: 'time' }, right: ['08:30', '08:30Z'], wrong: ['8', 'noon'] },
  ]
  for (const { field, right, wrong } of cases) {
    for (const value of right) t.same(await problemsOf(field, value), [], `${JSON.stringify(field)} takes ${JSON.stringify(value)}`)
    for (const value of wrong)
      t.equal((await problemsOf(field, value)).length, 1, `${JSON.stringify(field)} refuses ${JSON.stringify(value)?.slice(0, 40)}`)
  }
})

t.test('values that the process supplies are the options', async (t) => {
  const field = { type: 'select', key: 'x', valuesKey: 'queues' }
  t.same((await check([field], { x: 'a' }, { queues: ['a', { label: 'B', value: 'b' }] })).problems, [])
  t.match((await check([field], { x: 'c' }, { queues: ['a'] })).problems, [{ path: 'x', message: 'must be one of "a"' }])
})

t.test('groups, paths and lists nest', async (t) => {
  const components = [
    { type: 'textfield', key: 'address.city', validate: { required: true } },
    { type: 'group', components: [{ type: 'textfield', key: 'plain' }] },
    { type: 'group', path: 'person', components: [{ type: 'textfield', key: 'name', validate: { required: true } }] },
    { type: 'dynamiclist', path: 'items', components: [{ type: 'number', key: 'count', validate: { min: 1 } }] },
    { type: 'text', text: 'Just words' },
  ]
  const right = { address: { city: 'Leeds' }, plain: 'x', person: { name: 'Jane' }, items: [{ count: 1 }, { count: 2 }] }
  t.same(await check(components, right), { values: right, problems: [] })
  const { problems } = await check(components, { address: { zip: 1 }, person: { age: 5 }, items: [{ count: 0 }, 'two'], more: 1 })
  t.same(
    problems.map((problem) => problem.path),
    ['address.city', 'person.name', 'person.age', 'items.0.count', 'items.1', 'address.zip', 'more'],
  )
})

t.test('hidden and disabled fields count for nothing', async (t) => {
  const components = [
    { type: 'checkbox', key: 'on' },
    { type: 'textfield', key: 'why', conditional: { hide: '=on != true' }, validate: { required: true } },
    { type: 'textfield', key: 'fixed', disabled: true, validate: { required: true } },
  ]
  t.same(await check(components, { on: false, why: 'x', fixed: 'y' }), { values: { on: false }, problems: [] })
  t.match(await check(components, { on: true }), { problems: [{ path: 'why' }] })
})

t.test('a pattern that thinks too long refuses the value', async (t) => {
  t.same(await problemsOf({ type: 'textfield', validate: { pattern: '^(a+)+$' } }, `${'a'.repeat(40)}!`), [
    'does not have the expected form',
  ])
})

t.test('names of objects that all have are fields like others', async (t) => {
  const { values, problems } = await check(
    [{ type: 'textfield', key: '__proto__' }],
    JSON.parse('{"__proto__": "x", "constructor": 1}') as Record<string, unknown>,
  )
  t.same(Object.keys(values), ['__proto__'])
  t.match(problems, [{ path: 'constructor' }])
})

t.test('a task without a form takes what it is given', async (t) => {
  t.same(await checkForm(null, { a: 1 }, {}, evaluate), { values: { a: 1 }, problems: [] })
  t.equal((await checkForm(null, { a: { $date: 'x' } }, {}, evaluate)).problems.length, 1)
})
