import type { Browser, Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { launchBrowser } from '../helpers/browser.ts'
import { startTranslator } from '../helpers/translators/emulator.ts'
import { beActive, callApi, chooseFiles, logIn, openPage, problemsInBothSchemes, tile, type WatchedPage } from './pages.ts'
import { customerWrites, startParleyProcess } from './parley-process.ts'

// A square of ten green pixels.
const picture = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAoAAAAKCAYAAACNMs+9AAAAFUlEQVR42mNk+M9Qz0AEYBxVSF+FABJADveWkH6oAAAAAElFTkSuQmCC',
  'base64',
)
const pdf = Buffer.from('%PDF-1.4\n1 0 obj\n<<>>\nendobj\ntrailer<<>>\n%%EOF')
const complaint = 'Buenos días, la lámpara llegó rota y quiero que me devuelvan el dinero.'
const priya = { email: 'priya@example.com', password: 'a long enough password' }

const answer = (page: Page) => page.getByRole('textbox', { name: 'Message' })
const log = (page: Page) => page.getByRole('log')

const browser = await launchBrowser(t)
if (browser) {
  t.teardown(() => browser.close())
  await run(browser)
} else {
  t.plan(0, 'no browser starts on this machine')
}

async function run(browser: Browser): Promise<void> {
  t.setTimeout(240_000)
  const translator = await startTranslator(t)
  const parley = await startParleyProcess(t)
  const customer = await openPage(browser, `${parley.url}/simulator`)
  const agent = await openPage(browser, parley.url)
  const { page } = agent
  await logIn(page)
  await beActive(page)
  await callApi(page, 'POST', '/api/agents', { name: 'Priya Nair', ...priya })
  await callApi(page, 'POST', '/api/templates', { name: 'Greeting', body: 'Hello {{contact.name}}' })
  await callApi(page, 'POST', '/api/templates', { name: 'Refund', body: 'You get your money back, {{contact.name}}.' })

  await t.test('an agent works on a chat from its first picture to its transfer', async (t) => {
    await sendFiles(t, customer, page)
    await translate(t, customer.page, page, translator.url)
    await runActions(t, page)
    await openContact(t, page, parley.url)
    await link(t, page)
    await transfer(t, browser, page, parley.url)
  })
  t.same([...agent.problems, ...customer.problems], [])
  await Promise.all([page.context().close(), customer.page.context().close()])
}

async function sendFiles(t: Test, { page: customer }: WatchedPage, page: Page): Promise<void> {
  await customer.getByLabel('Name of the customer').fill('Luis Ortega')
  await customer.getByRole('button', { name: 'Add customer' }).click()
  await chooseFiles(customer, 'Attach files', [{ name: 'lamp.png', mimeType: 'image/png', buffer: picture }])
  await customer.getByRole('textbox', { name: 'Write as Luis Ortega' }).fill(complaint)
  await customer.keyboard.press('Enter')

  await page.getByRole('button', { name: 'Accept the chat of Luis Ortega' }).click()
  await log(page).getByRole('img', { name: 'Image lamp.png' }).waitFor()
  await page.waitForFunction(
    () => (document.querySelector<HTMLImageElement>('[role=log] img[alt="Image lamp.png"]')?.naturalWidth ?? 0) > 0,
  )
  t.pass('the picture is shown')

  await chooseFiles(page, 'Attach files', [
    { name: 'invoice.pdf', mimeType: 'application/pdf', buffer: pdf },
    { name: 'setup.exe', mimeType: 'application/octet-stream', buffer: Buffer.from('MZ') },
  ])
  await page.getByRole('alert').getByText('setup.exe: files of the type .exe are not allowed').waitFor()
  await page.getByRole('list', { name: 'Attached files' }).getByText('invoice.pdf').waitFor()
  await page.getByText('Draft saved').waitFor()
  await page.evaluate(() => localStorage.clear())
  await page.reload()
  await page.getByRole('button', { name: 'Remove invoice.pdf' }).waitFor()
  t.pass('the file belongs to the draft')

  await answer(page).focus()
  await page.keyboard.type('//')
  await page.getByRole('option', { name: /Greeting/ }).waitFor()
  t.same(await problemsInBothSchemes(page), [], 'composer')
  await page.keyboard.press('Escape')
  await page.getByRole('listbox', { name: 'Templates' }).waitFor({ state: 'detached' })
  t.equal(await answer(page).inputValue(), '//', 'Esc closes the list and leaves the text')
  await answer(page).fill('')
  await page.keyboard.type('//money')
  await page.keyboard.press('Enter')
  await page.waitForFunction(() => document.querySelector('textarea')?.value === 'You get your money back, Luis Ortega.')
  await page.keyboard.press('Enter')
  await log(customer).getByText('You get your money back, Luis Ortega.').waitFor()
  await log(customer)
    .getByRole('link', { name: /invoice\.pdf/ })
    .waitFor()
  await answer(page).fill('//')
  await page
    .getByRole('group', { name: 'Recently used' })
    .getByRole('option', { name: /Refund/ })
    .waitFor()
  await answer(page).fill('')
}

async function translate(t: Test, customer: Page, page: Page, translatorUrl: string): Promise<void> {
  await page.getByRole('button', { name: 'Translation', exact: true }).click()
  await page.getByText('Translation is not set up').waitFor()
  await callApi(page, 'PUT', '/api/settings/TranslationProvider', { value: { provider: 'libretranslate', url: translatorUrl } })
  await page.getByRole('button', { name: 'Hide translation' }).click()
  await page.getByRole('button', { name: 'Translation', exact: true }).click()
  await page.getByRole('button', { name: 'Translate', exact: true }).click()
  await log(page).getByText(`[en] ${complaint}`).waitFor()
  await page.getByRole('button', { name: 'Show original' }).click()
  await log(page).getByText(complaint, { exact: true }).waitFor()
  await page.getByRole('button', { name: 'Show English' }).click()

  await answer(page).fill('Your money is on its way.')
  await page.keyboard.press('Enter')
  await log(customer).getByText('[es] Your money is on its way.').waitFor()
  await log(page).getByText('Your money is on its way.', { exact: true }).waitFor()
  await page.getByRole('button', { name: 'Show Spanish' }).click()
  await log(page).getByText('[es] Your money is on its way.').waitFor()
  await page.getByRole('switch', { name: 'Translate into Spanish' }).click()
  await answer(page).fill('Gracias por su paciencia.')
  await page.keyboard.press('Enter')
  await log(customer).getByText('Gracias por su paciencia.', { exact: true }).waitFor()
  t.ok(await page.getByRole('switch', { name: 'Translate into Spanish' }).isChecked(), 'switched off for one message only')
  t.same(await problemsInBothSchemes(page), [], 'translation')
  await page.getByRole('button', { name: 'Cancel', exact: true }).click()
  await page.getByRole('button', { name: 'Translate', exact: true }).waitFor()
  await page.getByRole('button', { name: 'Hide translation' }).click()
}

async function runActions(t: Test, page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Quick actions' }).click()
  await page.getByRole('menuitem', { name: 'Create case' }).click()
  await page.getByText(/^Case \d+ created\.$/).waitFor()
  const { items } = await callApi<{ items: { subject: string; source: string }[] }>(page, 'GET', '/api/cases?limit=1')
  t.match(items[0], { subject: complaint, source: 'Chat' })

  await page.getByRole('menuitem', { name: 'Create case' }).waitFor({ state: 'detached' })
  await page.keyboard.press('q')
  await page.getByRole('menuitem', { name: 'Request callback' }).click()
  const form = page.getByRole('dialog', { name: 'Request callback' })
  await form.getByLabel(/Phone number/).waitFor()
  await form.getByRole('button', { name: 'Submit' }).click()
  await form.getByText('Field is required.').first().waitFor()
  t.ok(await form.getByRole('link', { name: 'Powered by bpmn.io' }).isVisible(), 'the mark of bpmn.io is there')
  t.same(await problemsInBothSchemes(page), [], 'form')
  await form.getByLabel(/Phone number/).fill('+44 20 7946 0018')
  await form.getByLabel(/When to call/).fill('tomorrow at ten')
  await page.keyboard.press('Enter')
  await form.waitFor({ state: 'detached' })
  await log(page).getByText('Callback to +44 20 7946 0018, tomorrow at ten').waitFor()
}

async function openContact(t: Test, page: Page, url: string): Promise<void> {
  await page.getByRole('button', { name: 'Show contact' }).click()
  const profile = page.getByRole('complementary', { name: 'Contact' })
  await profile.getByRole('textbox', { name: 'Add a tag' }).fill('warranty')
  await page.keyboard.press('Enter')
  await profile.getByRole('button', { name: 'Remove the tag warranty' }).waitFor()
  await profile.getByRole('combobox', { name: 'Priority' }).selectOption('High')
  await page.getByLabel('Priority 50').waitFor()
  await profile.getByRole('link', { name: 'Luis Ortega' }).click()

  await page.getByRole('heading', { level: 1, name: 'Luis Ortega' }).waitFor()
  await page.getByRole('link', { name: /Chat \d+, Simulator/ }).waitFor()
  await page.getByRole('button', { name: 'Edit' }).click()
  await page.getByLabel('Mobile phone').fill('12')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText(/phone number with/).waitFor()
  await page.getByLabel('Mobile phone').fill('+34 612 345 678')
  t.same(await problemsInBothSchemes(page), [], 'contact')
  await page.getByRole('button', { name: 'Save' }).click()
  await page.getByText('+34612345678').waitFor()

  await customerWrites(url, 'mina', 'Mina Sato', 'Good morning')
  const panel = page.getByRole('complementary', { name: 'Inbox' })
  await panel.getByRole('link', { name: 'Mina Sato' }).waitFor()
  t.same(await problemsInBothSchemes(page), [], 'panel')
  await panel.getByRole('button', { name: 'Accept the chat of Mina Sato' }).click()
  await log(page).getByText('Good morning').waitFor()
}

async function link(t: Test, page: Page): Promise<void> {
  const { id } = await callApi<{ id: string }>(page, 'POST', '/api/contacts', { name: 'Mina Sato-Keller', email: 'mina@example.com' })
  await page.getByRole('button', { name: 'More' }).click()
  await page.getByRole('menuitem', { name: 'Link to another contact' }).first().click()
  const dialog = page.getByRole('dialog', { name: 'Link to another contact' })
  await dialog.getByLabel('Find the contact').fill('Luis Ort')
  await dialog.getByRole('radio', { name: /Luis Ortega/ }).check()
  await dialog.getByRole('button', { name: 'Link the chat' }).click()
  await dialog.getByText('Luis Ortega already has an open chat on this channel').waitFor()
  t.same(await problemsInBothSchemes(page), [], 'link')
  await dialog.getByLabel('Find the contact').fill('mina@example')
  await dialog.getByRole('radio', { name: /Mina Sato-Keller/ }).check()
  await dialog.getByRole('button', { name: 'Link the chat' }).click()
  await page.getByText('The previous contact was removed').waitFor()
  await tile(page, 'Mina Sato-Keller').waitFor()
  t.equal(await page.getByRole('article').getByRole('link', { name: 'Mina Sato-Keller' }).first().getAttribute('href'), `/contacts/${id}`)
}

async function transfer(t: Test, browser: Browser, page: Page, url: string): Promise<void> {
  const second = await openPage(browser, url)
  await logIn(second.page, priya)
  await tile(page, 'Luis Ortega').click()
  await answer(page).waitFor()
  await page.keyboard.press('t')
  const dialog = page.getByRole('dialog', { name: 'Transfer' })
  await dialog.getByRole('tab', { name: 'Queue' }).click()
  await dialog.getByRole('radio', { name: /General/ }).waitFor()
  await dialog.getByRole('tab', { name: 'Agent' }).click()
  await dialog.getByRole('radio', { name: /Priya Nair.*Inactive/ }).check()
  await dialog.getByLabel('Note for whoever goes on').fill('He wants his money back')
  t.same(await problemsInBothSchemes(page), [], 'transfer')
  await dialog.getByRole('button', { name: 'Transfer' }).click()
  await page.getByText('Priya Nair is inactive.').waitFor()
  await page.getByText('This chat is completed and read-only').waitFor()

  await tile(second.page, 'Luis Ortega').click()
  await log(second.page).getByText('Transferred from here on').waitFor()
  await log(second.page).getByText('He wants his money back').first().waitFor()
  await log(second.page).getByRole('img', { name: 'Image lamp.png' }).waitFor()
  await answer(second.page).fill('I take care of it.')
  await second.page.keyboard.press('Enter')
  await second.page
    .getByRole('img', { name: /^(Sent|Delivered|Read)$/ })
    .last()
    .waitFor()
  t.same(second.problems, [])
  await second.page.context().close()
}
