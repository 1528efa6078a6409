import t from 'tap'
import { isEnough, LanguageDetector, wordsOf } from '../../../src/modules/translation/detector.ts'

t.test('what says nothing about the language is left out', async (t) => {
  t.equal(wordsOf('Ver https://example.com/pedido?id=4711 por favor, A-4711 @maria maria@example.com'), 'Ver por favor,')
  t.notOk(isEnough(wordsOf('4711 👍 https://example.com')))
})

t.test('the language is told, or not told when it is not sure', async (t) => {
  const detector = new LanguageDetector()
  t.teardown(() => detector.close())
  t.equal(await detector.detect('Hola, quiero hablar con un agente. Mi pedido no ha llegado.'), 'es')
  t.equal(await detector.detect('Добрий день, де моє замовлення?'), 'uk')
  t.equal(await detector.detect('Guten Tag, wo bleibt meine Bestellung?'), 'de')
  t.equal(await detector.detect('👍 12345'), null)
  t.equal(await detector.detect('https://example.com/une/page'), null)
})
