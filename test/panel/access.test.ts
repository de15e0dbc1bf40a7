import axe from 'axe-core'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openBerth, openBrowser, overflow, realKey, visit } from './browser.js'

const PAGES = [
  '/',
  '/engines',
  '/engines/$forwarded',
  '/lease',
  '/streams',
  '/vpn',
  '/events',
  '/settings',
  '/problems/no-forwarded',
  '/nowhere',
]
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']

interface Violation {
  id: string
  nodes: { target: string[]; failureSummary: string }[]
}

/** Evaluated as the debugger does, which a content security policy does not hold back. */
async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source)
  const found: Violation[] = await page.evaluate(
    `axe.run(document, { runOnly: ${JSON.stringify(RULES)}, resultTypes: ['violations'] }).then(({ violations }) => violations)`,
  )
  return found.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id} ${target.join(' ')}: ${failureSummary}`))
}

describe('every page', { timeout: 60_000 }, () => {
  let browser: Browser
  let berth: Awaited<ReturnType<typeof openBerth>>
  let forwarded: string
  beforeAll(async () => {
    browser = await openBrowser()
    berth = await openBerth()
    const headers: Record<string, string> = realKey === null ? {} : { 'x-api-key': realKey }
    const { items } = (await (await fetch(`${berth.address}/api/v1/engines`, { headers })).json()) as {
      items: { engine_id: string; forwarded: boolean }[]
    }
    forwarded = (items.find((engine) => engine.forwarded) ?? items[0])?.engine_id ?? ''
  })
  afterAll(async () => {
    await browser.close()
    await berth.close()
  })

  const at = (path: string): string => `/panel${path.replace('$forwarded', forwarded)}`

  test.for(PAGES.flatMap((path) => (['light', 'dark'] as const).map((scheme) => [path, scheme] as const)))(
    '%s, %s: usable by everybody, quiet, and at home',
    async ([path, colorScheme]) => {
      const { page, complaints, close } = await visit(browser, berth.address, at(path), { colorScheme })
      await page.waitForTimeout(300)
      expect(await page.evaluate("document.documentElement.getAttribute('data-mantine-color-scheme')")).toBe(colorScheme)
      expect(await violations(page)).toEqual([])
      expect(await page.locator('h1').count()).toBe(1)
      expect(complaints).toEqual([])
      await close()
    },
  )

  test.for(PAGES)('%s at 360 px: nothing scrolls sideways', async (path) => {
    const { page, close } = await visit(browser, berth.address, at(path), { viewport: { width: 360, height: 740 } })
    await page.waitForTimeout(300)
    expect(await overflow(page)).toBeLessThanOrEqual(0)
    expect(await violations(page)).toEqual([])
    await page.getByRole('button', { name: 'Open the menu' }).click()
    await page.getByRole('link', { name: 'Settings' }).click()
    await page.getByRole('heading', { name: 'Settings' }).waitFor()
    await close()
  })

  test('dialogs and the palette are usable by everybody too', async () => {
    const { page, complaints, close } = await visit(browser, berth.address, '/panel/lease')
    await page.getByRole('button', { name: 'Elect another' }).click()
    await page.getByRole('dialog').getByLabel('Reason').waitFor()
    await page.waitForTimeout(300)
    expect(await violations(page)).toEqual([])
    await page.keyboard.press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    await page.keyboard.press('Control+k')
    await page.getByPlaceholder('Page, action or engine…').waitFor()
    await page.waitForTimeout(300)
    expect(await violations(page)).toEqual([])
    expect(complaints).toEqual([])
    await close()
  })

  test('the skip link leads past the menu', async () => {
    const { page, close } = await visit(browser, berth.address, '/panel/')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    expect(await page.evaluate('document.activeElement.id')).toBe('main')
    await close()
  })

  test('a chosen theme holds over a reload, before anything is drawn', async () => {
    const { page, close } = await visit(browser, berth.address, '/panel/', { colorScheme: 'light' })
    await page.getByRole('button', { name: /^Colours/ }).click()
    await page.getByRole('button', { name: /^Colours: light/ }).click()
    await page.getByRole('button', { name: /^Colours: dark/ }).waitFor()
    await page.route('**/*.js', (route) => (route.request().url().includes('/assets/') ? route.abort() : route.continue()))
    await page.reload()
    expect(await page.evaluate("document.documentElement.getAttribute('data-mantine-color-scheme')")).toBe('dark')
    await close()
  })
})
