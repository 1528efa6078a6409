import t from 'tap'
import { placeholders, renderTemplate, type TemplateValues, unknownPlaceholders } from '../../../src/modules/templates/render-template.ts'

const values = Object.fromEntries(placeholders.map((name) => [name, `<${name}>`])) as unknown as TemplateValues

t.test('every placeholder is filled, once', async (t) => {
  for (const name of placeholders) t.equal(renderTemplate(`a {{ ${name} }}{{${name}}} b`, values), `a <${name}><${name}> b`)
  const evil = '{{agent.name}} $1 $& {{'
  t.equal(renderTemplate('{{contact.name}}|{{agent.name}}', { ...values, 'contact.name': evil }), `${evil}|<agent.name>`)
  t.equal(renderTemplate('[{{contact.email}}]', { ...values, 'contact.email': null }), '[]')
  t.equal(renderTemplate('{{toString}} { {agent.name} } {{a}', values), '{{toString}} { {agent.name} } {{a}')
})

t.test('unknown placeholders are named as they are written', async (t) => {
  t.same(unknownPlaceholders('{{contact.name}} {{ agent.name }} {single} {{'), [])
  t.same(unknownPlaceholders('{{toString}} {{ contact.nmae }} {{toString}} {{}}'), ['toString', 'contact.nmae', ''])
})
