/**
 * @module
 * A real Chromium that looks at the panel, and what it has to complain about.
 */
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { FakeApi } from './fake-api.js'

/** Less than a test's own, so that a failure names what was waited for. */
const PATIENCE_MS = 10_000

const built = join(import.meta.dirname, '../../dist/panel/index.html')

/** A Berth that runs, instead of the stand-in: `BERTH_URL`, with `BERTH_KEY` if it wants a key. */
export const realBerth = process.env.BERTH_URL ?? null
export const realKey = process.env.BERTH_KEY ?? null

export async function openBrowser(): Promise<Browser> {
  if (realBerth === null && !existsSync(built)) throw new Error('the panel is not built: npm run build')
  const executablePath = process.env.BERTH_CHROMIUM || '/usr/bin/chromium'
  if (!existsSync(executablePath))
    throw new Error(`there is no Chromium at ${executablePath}: apt-get install chromium, or set BERTH_CHROMIUM`)
  const quiet = ['--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync']
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--disable-quic', ...quiet] })
}

/** The address of a Berth to look at, and how to end it. */
export async function openBerth(): Promise<{ address: string; fake: FakeApi | null; close: () => Promise<void> }> {
  if (realBerth !== null) return { address: realBerth, fake: null, close: () => Promise.resolve() }
  const fake = await new FakeApi().start()
  return { address: fake.address, fake, close: () => fake.stop() }
}

export interface Visit {
  page: Page
  /** Errors in the console, exceptions, and requests that left the origin. */
  complaints: string[]
  close: () => Promise<void>
}

interface VisitOptions extends Pick<BrowserContextOptions, 'colorScheme' | 'viewport'> {
  key?: string | null
}

/** A browser of its own that has opened a page of the panel. */
export async function visit(
  browser: Browser,
  address: string,
  path = '/panel/',
  { key = realKey, ...options }: VisitOptions = {},
): Promise<Visit> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce', ...options })
  const complaints: string[] = []
  context.on('console', (message) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  context.on('weberror', (error) => complaints.push(error.error().message))
  context.on('request', (request) => {
    if (!request.url().startsWith(`${address}/`) && !request.url().startsWith('blob:')) complaints.push(`left the origin: ${request.url()}`)
  })
  if (key !== null)
    await context.addInitScript(`localStorage.getItem('berth-api-key') ?? localStorage.setItem('berth-api-key', ${JSON.stringify(key)})`)
  context.setDefaultTimeout(PATIENCE_MS)
  const page = await context.newPage()
  await page.goto(address + path)
  await page.locator('h1').waitFor()
  await page.locator('[aria-busy=true]').first().waitFor({ state: 'detached' })
  return { page, complaints, close: () => context.close() }
}

/** Engines that wear the badge, by the rows or cards that they are shown in. */
export function badged(page: Page): Promise<(string | null)[]> {
  return page.locator('[data-engine]:has([data-forwarded])').evaluateAll((rows) => rows.map((row) => row.getAttribute('data-engine')))
}

/** What scrolls sideways, in pixels. */
export function overflow(page: Page): Promise<number> {
  return page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth')
}
