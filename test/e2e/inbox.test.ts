import type { Browser, Page } from 'playwright-core'
import t from 'tap'
import { launchBrowser } from '../helpers/browser.ts'
import { accessibilityProblems, callApi, logIn, openPage, tile, tileBadge } from './pages.ts'
import { customerWrites, startParleyProcess } from './parley-process.ts'

// Looks like a template, an expression and HTML, and is none of them.
const trickyText = ['$', '{1+1} {{agent.name}} <b>bold</b>'].join('')
const browser = await launchBrowser(t)
if (browser) {
  t.teardown(() => browser.close())
  await run(browser)
} else {
  t.plan(0, 'no browser starts on this machine')
}

async function run(browser: Browser): Promise<void> {
  const parley = await startParleyProcess(t)
  t.setTimeout(180_000)

  t.test('an agent answers a chat from the first message to the end', async (t) => {
    const { page, problems } = await openPage(browser, parley.url)
    await logIn(page)
    await page.getByText('Switch to Active to receive new chats').waitFor()
    await page.getByRole('switch', { name: /Receive new chats/ }).click()
    await page.getByText('Nobody is waiting').waitFor()

    await customerWrites(parley.url, 'anna', 'Anna Berg', 'Where is my order?')
    await tile(page, 'Anna Berg').waitFor()
    t.equal(await page.title(), '(1) Inbox · Parley', 'the title counts what is unread')

    await page.keyboard.press('l')
    await page.keyboard.press('Enter')
    await page.getByText('Accept this chat to answer').waitFor()
    await page.keyboard.press('a')
    const field = page.getByRole('textbox', { name: 'Message' })
    await field.waitFor()
    await page.getByRole('region', { name: 'In progress, 1 chat' }).waitFor()
    await page.waitForFunction(() => document.title === 'Inbox · Parley')
    t.pass('what is on screen is read')

    t.ok(await field.evaluate((element) => element === document.activeElement), 'the cursor is where the answer goes')
    await page.keyboard.type('It left us today.')
    await page.keyboard.press('Shift+Enter')
    await page.keyboard.type('You will have it tomorrow.')
    await page.keyboard.press('Enter')
    await page.getByRole('img', { name: /^(Sent|Delivered|Read)$/ }).waitFor()
    t.equal(await field.inputValue(), '', 'the field is empty again')

    await page.keyboard.press('Escape')
    await page.keyboard.press('e')
    const question = page.getByRole('dialog', { name: 'Complete this chat?' })
    await question.getByRole('button', { name: 'Complete' }).waitFor()
    await page.keyboard.press('Enter')
    await page.getByText('This chat is completed and read-only').waitFor()
    await page
      .getByRole('log')
      .getByText(/completed/i)
      .waitFor()
    t.ok(await tile(page, 'Anna Berg').isVisible(), 'the tile stays while the chat is open')
    await page.keyboard.press('Escape')
    await tile(page, 'Anna Berg').waitFor({ state: 'detached' })
    t.same(problems, [])
    await page.context().close()
  })

  t.test('the Simulator plays the customer', async (t) => {
    const customer = await openPage(browser, `${parley.url}/simulator`)
    const agent = await openPage(browser, parley.url)
    await customer.page.getByLabel('Name of the customer').fill('Luis Ortega')
    await customer.page.getByRole('button', { name: 'Add customer' }).click()
    await customer.page.getByRole('textbox', { name: 'Write as Luis Ortega' }).fill('Hello, are you there?')
    await customer.page.keyboard.press('Enter')

    await logIn(agent.page)
    await beActive(agent.page)
    await agent.page.getByRole('button', { name: 'Accept the chat of Luis Ortega' }).click()
    await agent.page.getByRole('textbox', { name: 'Message' }).fill('Yes, how can I help?')
    await agent.page.keyboard.press('Enter')
    await customer.page.getByRole('log').getByText('Yes, how can I help?').waitFor()
    await agent.page.keyboard.type('One moment')
    await customer.page.getByText('An agent is typing').waitFor()

    await customer.page.getByRole('textbox', { name: 'Write as Luis Ortega' }).fill(trickyText)
    await customer.page.keyboard.press('Enter')
    await agent.page.getByRole('log').getByText(trickyText).waitFor()
    await tileBadge(agent.page, 'Luis Ortega').waitFor({ state: 'detached' })
    t.equal(await agent.page.title(), 'Inbox · Parley', 'what arrives in the open chat counts as read')
    t.same([...customer.problems, ...agent.problems], [])
    await Promise.all([customer.page.context().close(), agent.page.context().close()])
  })

  t.test('what is written is kept: as a draft, and when the server is away', async (t) => {
    await customerWrites(parley.url, 'mina', 'Mina Sato', 'Good morning')
    const { page } = await openPage(browser, parley.url)
    await logIn(page)
    await beActive(page)
    await page.getByRole('button', { name: 'Accept the chat of Mina Sato' }).click()
    const field = page.getByRole('textbox', { name: 'Message' })
    await field.fill('Dear Mina,')
    await page.getByText('Draft saved').waitFor()
    await page.evaluate(() => localStorage.clear())
    await page.reload()
    await page.waitForFunction(() => document.querySelector('textarea')?.value === 'Dear Mina,')
    t.pass('the draft comes back from the server')

    await parley.stop()
    await field.fill('Dear Mina, here I am.')
    await page.keyboard.press('Enter')
    await page.getByText('Waiting for the connection').waitFor()
    await page.getByText('Connection lost, reconnecting').waitFor()
    await parley.start()
    await page.getByText('Connection lost, reconnecting').waitFor({ state: 'detached' })
    await page.getByText('Waiting for the connection').waitFor({ state: 'detached' })
    await page.getByRole('img', { name: /^(Sent|Delivered|Read)$/ }).waitFor()
    t.equal(await page.getByRole('log').getByText('Dear Mina, here I am.').count(), 1, 'the message is there once')
    await page.context().close()
  })

  t.test('the timer of an overdue response runs until the reply', async (t) => {
    const { page } = await openPage(browser, parley.url)
    await logIn(page)
    await beActive(page)
    const queue = await callApi<{ items: { id: string }[] }>(page, 'GET', '/api/queues')
    await callApi(page, 'PATCH', `/api/queues/${queue.items[0]?.id}`, { firstResponseMinutes: 0.01, ongoingResponseMinutes: 0.01 })
    await customerWrites(parley.url, 'jonas', 'Jonas Weber', 'Is anybody there?')
    const timer = page
      .getByRole('listitem')
      .filter({ has: page.getByRole('link', { name: 'Jonas Weber' }) })
      .getByRole('timer')
    await timer.getByText(/^Overdue 0:\d\d$/).waitFor()
    await page.getByRole('button', { name: 'Dismiss' }).first().waitFor()
    t.same(await accessibilityProblems(page), [], 'a notification has no barriers either')
    await page.getByRole('button', { name: 'Accept the chat of Jonas Weber' }).click()
    await page.getByRole('textbox', { name: 'Message' }).fill('Yes!')
    await page.keyboard.press('Enter')
    await timer.waitFor({ state: 'detached' })
    t.pass('the reply ends it')
    await callApi(page, 'PATCH', `/api/queues/${queue.items[0]?.id}`, { firstResponseMinutes: null, ongoingResponseMinutes: null })
    await page.context().close()
  })

  t.test('of two agents the first to accept gets the chat', async (t) => {
    const first = await openPage(browser, parley.url)
    await logIn(first.page)
    await beActive(first.page)
    const other = { email: 'priya@example.com', password: 'a long enough password' }
    await callApi(first.page, 'POST', '/api/agents', { name: 'Priya Nair', ...other })
    const second = await openPage(browser, parley.url)
    await logIn(second.page, other)
    await beActive(second.page)
    await customerWrites(parley.url, 'amara', 'Amara Obi', 'Hello both')
    await tile(first.page, 'Amara Obi').waitFor()
    await tile(second.page, 'Amara Obi').click()
    await second.page.getByText('Accept this chat to answer').waitFor()
    await first.page.getByRole('button', { name: 'Accept the chat of Amara Obi' }).click()
    await tile(second.page, 'Amara Obi').waitFor({ state: 'detached' })
    await second.page.getByText('Administrator is answering this chat').waitFor()
    t.same([...first.problems, ...second.problems], [])
    await Promise.all([first.page.context().close(), second.page.context().close()])
  })

  t.test('a wrong password and an ended session say what to do', async (t) => {
    const { page } = await openPage(browser, parley.url)
    await page.getByLabel('Email').fill('admin@example.com')
    await page.getByRole('textbox', { name: 'Password' }).fill('wrong')
    await page.keyboard.press('Enter')
    await page.getByRole('alert').getByText('Email or password is wrong').waitFor()
    await logIn(page)
    const other = await page.context().newPage()
    await other.goto(parley.url)
    await other.getByRole('button', { name: /^Account of/ }).click()
    await other.getByRole('menuitem', { name: 'Log out' }).click()
    await other.getByRole('button', { name: 'Log in' }).waitFor()
    await page.getByText('Your session has ended').waitFor()
    t.pass('the other tab shows the login')
    await page.context().close()
  })

  for (const colorScheme of ['light', 'dark'] as const) {
    t.test(`no barriers for anybody, ${colorScheme}`, async (t) => {
      const name = colorScheme === 'light' ? 'Petr Novák' : 'Leyla Demir'
      const { page } = await openPage(browser, parley.url, { colorScheme })
      t.same(await accessibilityProblems(page), [], 'login')
      await customerWrites(parley.url, name, name, 'See https://example.com/order please')
      await logIn(page)
      await beActive(page)
      await tile(page, name).waitFor()
      t.same(await accessibilityProblems(page), [], 'inbox')
      await page.getByRole('button', { name: `Accept the chat of ${name}` }).click()
      await page.getByRole('textbox', { name: 'Message' }).fill('A note for us')
      await page.getByRole('switch', { name: 'Private note' }).click()
      await page.getByRole('button', { name: 'Save the note' }).click()
      await page.getByRole('textbox', { name: 'Message' }).fill('Thank you')
      await page.keyboard.press('Enter')
      await page.getByRole('img', { name: /^(Sent|Delivered|Read)$/ }).waitFor()
      await page.getByRole('button', { name, expanded: false }).click()
      await page.getByRole('complementary', { name: 'Contact' }).waitFor()
      t.same(await accessibilityProblems(page), [], 'chat')
      await page.getByRole('button', { name: 'Settings' }).click()
      await page.getByRole('dialog', { name: 'Settings' }).waitFor()
      t.same(await accessibilityProblems(page), [], 'settings')
      await page.keyboard.press('Escape')
      await page.getByRole('button', { name: 'Keyboard shortcuts' }).click()
      await page.getByRole('dialog', { name: 'Keyboard shortcuts' }).waitFor()
      t.same(await accessibilityProblems(page), [], 'help')
      await page.goto(`${parley.url}/simulator`)
      await page.getByRole('button', { name: 'Add customer' }).click()
      await page.getByRole('textbox', { name: /^Write as/ }).waitFor()
      t.same(await accessibilityProblems(page), [], 'Simulator')
      await page.context().close()
    })
  }
}

/** The last test may have left the agent active: a switch is not a button. */
async function beActive(page: Page): Promise<void> {
  const toggle = page.getByRole('switch', { name: /Receive new chats/ })
  if (!(await toggle.isChecked())) await toggle.click()
  await page.getByRole('switch', { name: 'Receive new chats: Active' }).waitFor()
}
