import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, Page } from 'playwright-core'
import { adminLogin } from './parley-process.ts'

/** A page that keeps what went wrong in it. */
export interface WatchedPage {
  page: Page
  /** Uncaught errors and messages of the browser about the page. */
  problems: string[]
}

/** Opens a page of its own, with storage of its own. */
export async function openPage(browser: Browser, url: string, options: { colorScheme?: 'light' | 'dark' } = {}): Promise<WatchedPage> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce', ...options })
  const page = await context.newPage()
  const problems: string[] = []
  page.on('pageerror', (error) => problems.push(String(error)))
  page.on('console', (message) => {
    // A refused request is the page's business to show; everything else in the console is a mistake.
    if (message.type() === 'error' && !message.text().startsWith('Failed to load resource')) problems.push(message.text())
  })
  await page.goto(url)
  return { page, problems }
}

/** Logs in, as the administrator unless told otherwise, and waits for the inbox. */
export async function logIn(page: Page, login = adminLogin): Promise<void> {
  await page.getByLabel('Email').fill(login.email)
  await page.getByRole('textbox', { name: 'Password' }).fill(login.password)
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'New items' }).waitFor()
}

/** Calls the API as the agent of the page. */
export async function callApi<T>(page: Page, method: string, path: string, body?: unknown): Promise<T> {
  const answer = await page.evaluate(
    async (call) => {
      const response = await fetch(call.path, {
        method: call.method,
        headers: call.body === undefined ? {} : { 'content-type': 'application/json' },
        ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      })
      return { ok: response.ok, status: response.status, text: await response.text() }
    },
    { method, path, body },
  )
  if (!answer.ok) throw new Error(`${method} ${path} answered ${answer.status}: ${answer.text}`)
  return JSON.parse(answer.text) as T
}

/** The link of a contact's tile in the inbox. */
export function tile(page: Page, name: string) {
  return page.getByRole('navigation', { name: 'Inbox' }).getByRole('link', { name })
}

/** The number of unread messages on a contact's tile. */
export function tileBadge(page: Page, name: string) {
  return page
    .getByRole('listitem')
    .filter({ has: page.getByRole('link', { name }) })
    .getByText(/unread$/)
}

/** What axe finds wrong by WCAG 2.2 AA, one line each; empty when all is well. */
export async function accessibilityProblems(page: Page): Promise<string[]> {
  // A hint that fades out under the pointer is in no landmark for a moment; the page is looked at when it is still.
  await page.mouse.move(0, 0)
  await page.locator('[role=tooltip]').waitFor({ state: 'hidden' })
  const { violations } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
    .analyze()
  return violations.flatMap(({ id, help, nodes }) => nodes.map((node) => `${id}: ${help}: ${node.html} ${node.failureSummary ?? ''}`))
}

/** The same in light and in dark, without opening anything anew. */
export async function problemsInBothSchemes(page: Page): Promise<string[]> {
  const found: string[] = []
  for (const colorScheme of ['light', 'dark'] as const) {
    await changeScheme(page, colorScheme)
    found.push(...(await accessibilityProblems(page)).map((problem) => `${colorScheme}: ${problem}`))
  }
  await changeScheme(page, 'light')
  return found
}

/** Changes the scheme and waits until the page is drawn in it. */
async function changeScheme(page: Page, colorScheme: 'light' | 'dark'): Promise<void> {
  await page.emulateMedia({ colorScheme })
  await page.locator(`html[data-mantine-color-scheme="${colorScheme}"]`).waitFor()
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))))
}

/** Makes the agent of the page active: the last test may have left them so, and a switch is not a button. */
export async function beActive(page: Page): Promise<void> {
  const toggle = page.getByRole('switch', { name: /Receive new chats/ })
  if (!(await toggle.isChecked())) await toggle.click()
  await page.getByRole('switch', { name: 'Receive new chats: Active' }).waitFor()
}

/** Chooses files with a button of the page. */
export async function chooseFiles(page: Page, button: string, files: { name: string; mimeType: string; buffer: Buffer }[]): Promise<void> {
  const [chooser] = await Promise.all([page.waitForEvent('filechooser'), page.getByRole('button', { name: button }).click()])
  await chooser.setFiles(files)
}
