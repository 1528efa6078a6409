import type { Browser, Page } from 'playwright-core'
import t from 'tap'
import { callApi, logIn, openPage } from '../e2e/pages.ts'
import { customerWrites, startParleyProcess } from '../e2e/parley-process.ts'
import { launchBrowser } from '../helpers/browser.ts'
import { startTelegramEmulator } from '../helpers/providers/telegram-emulator.ts'
import { olena } from '../integration/channels/support.ts'

const browser = await launchBrowser(t)
if (browser) {
  t.teardown(() => browser.close())
  await run(browser)
} else {
  t.plan(0, 'no browser starts on this machine')
}

interface Heard {
  tones: number
  shown: { title: string; body: string | undefined }[]
}

/** Keeps what the page plays and shows outside of itself, and allows it to. */
async function listenTo(page: Page): Promise<() => Promise<Heard>> {
  await page.addInitScript(() => {
    const heard: Heard = { tones: 0, shown: [] }
    const createOscillator = AudioContext.prototype.createOscillator
    AudioContext.prototype.createOscillator = function (this: AudioContext) {
      heard.tones += 1
      return createOscillator.call(this)
    }
    class RecordedNotification {
      static permission = 'granted'
      constructor(title: string, options: { body?: string }) {
        heard.shown.push({ title, body: options.body })
      }
      close(): void {}
    }
    Object.assign(window, { heard, Notification: RecordedNotification })
  })
  await page.reload()
  return () => page.evaluate(() => (window as unknown as { heard: Heard }).heard)
}

async function beActive(page: Page): Promise<void> {
  const toggle = page.getByRole('switch', { name: /Receive new chats/ })
  if (!(await toggle.isChecked())) await toggle.click()
  await page.getByRole('switch', { name: 'Receive new chats: Active' }).waitFor()
}

async function acceptChatOf(page: Page, name: string) {
  await page.getByRole('button', { name: `Accept the chat of ${name}` }).click()
  return page.getByRole('textbox', { name: 'Message' })
}

async function run(browser: Browser): Promise<void> {
  const parley = await startParleyProcess(t)
  t.setTimeout(120_000)

  await t.test('a new message makes a sound, and a browser notification when the agent allows it', async (t) => {
    const { page } = await openPage(browser, parley.url)
    await logIn(page)
    await callApi(page, 'PATCH', '/api/session', { notifications: { sound: true, browser: true } })
    const heard = await listenTo(page)
    await beActive(page)
    await customerWrites(parley.url, 'anna', 'Anna Berg', 'Where is my order?')
    await page.waitForFunction(() => (window as unknown as { heard: Heard }).heard.tones > 0)
    await page.waitForFunction(() => (window as unknown as { heard: Heard }).heard.shown.length > 0)
    t.match((await heard()).shown, [{ title: /Anna Berg/, body: 'Where is my order?' }])
    await customerWrites(parley.url, 'anna', 'Anna Berg', 'Hello?')
    await page.waitForFunction(() => (window as unknown as { heard: Heard }).heard.shown.length > 1)
    t.match((await heard()).shown[1], { body: 'Hello?' })
    await page.context().close()
  })

  await t.test('two slashes open the templates, and the one chosen is in the field', async (t) => {
    const { page } = await openPage(browser, parley.url)
    await logIn(page)
    await beActive(page)
    await callApi(page, 'POST', '/api/templates', { name: 'Greeting', body: 'Dear {{contact.name}}, how can we help?' })
    await callApi(page, 'POST', '/api/templates', { name: 'Farewell', body: 'Good bye' })
    await customerWrites(parley.url, 'mina', 'Mina Sato', 'Good morning')
    const field = await acceptChatOf(page, 'Mina Sato')
    await field.focus()
    await page.keyboard.type('//')
    await page.getByRole('option', { name: /Farewell/ }).waitFor()
    await page.keyboard.type('help')
    await page.getByRole('option', { name: /Farewell/ }).waitFor({ state: 'detached' })
    await page.getByRole('option', { name: /Greeting/ }).waitFor()
    await page.keyboard.press('Enter')
    await page.waitForFunction(() => document.querySelector('textarea')?.value === 'Dear Mina Sato, how can we help?')
    await page.keyboard.press('Enter')
    await page.getByRole('img', { name: /^(Sent|Delivered|Read)$/ }).waitFor()
    await page.keyboard.type('//')
    await page
      .getByRole('group', { name: 'Recently used' })
      .getByRole('option', { name: /Greeting/ })
      .waitFor()
    t.pass('and it is among the recently used')
    await page.context().close()
  })

  await t.test('the tooltip of a message tells its status, or why it failed', async (t) => {
    const emulator = await startTelegramEmulator()
    t.teardown(() => emulator.close())
    const { page } = await openPage(browser, parley.url)
    await logIn(page)
    await beActive(page)
    const { items } = await callApi<{ items: { id: string }[] }>(page, 'GET', '/api/queues')
    const config = { token: emulator.token, secretToken: 'a-secret-of-this-test', apiBaseUrl: emulator.origin }
    const fields = { kind: 'telegram', name: 'Bot', queueId: items[0]?.id, config }
    const channel = await callApi<{ id: string }>(page, 'POST', '/api/channels', fields)
    const url = `${parley.url}/webhooks/telegram/${channel.id}`
    await emulator.deliver(emulator.messageUpdate(olena, { text: 'Hi' }), { url, secret: config.secretToken })
    const field = await acceptChatOf(page, 'Olena Koval')
    await field.fill('Hello')
    await page.keyboard.press('Enter')
    await page.getByRole('img', { name: 'Sent' }).hover()
    await page.getByRole('tooltip', { name: 'Sent', exact: true }).waitFor()

    emulator.refusals.set(olena.id, { error_code: 403, description: 'Forbidden: bot was blocked by the user' })
    await field.fill('Are you there?')
    await page.keyboard.press('Enter')
    await page.getByRole('img', { name: /^Failed/ }).hover()
    await page.getByRole('tooltip', { name: /The customer has blocked the bot/ }).waitFor()
    t.pass('both are there')
    await page.context().close()
  })
}
