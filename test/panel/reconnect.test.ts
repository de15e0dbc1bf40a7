import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { badged, openBrowser, visit } from './browser.js'
import { FakeApi } from './fake-api.js'

describe('a connection that breaks', () => {
  let browser: Browser
  let api: FakeApi
  beforeAll(async () => {
    browser = await openBrowser()
  })
  afterAll(() => browser.close())
  beforeEach(async () => {
    api = await new FakeApi().start()
  })
  afterEach(() => api.stop())

  test('the server dies: a banner with the age; it comes back: the new state without a reload', async () => {
    const { page, close } = await visit(browser, api.address, '/panel/engines')
    await page.evaluate('window.sameDocument = true')
    const to = api.state.engines[2]?.engine_id ?? ''
    await api.stop()
    const banner = page.getByRole('status').filter({ hasText: 'Reconnecting…' })
    await banner.waitFor({ timeout: 3000 })
    await expect.poll(() => banner.textContent(), { timeout: 8000 }).toMatch(/data [2-9] s old/)
    await api.handOver(to, 'while nobody looked')
    await api.start()
    await banner.waitFor({ state: 'detached', timeout: 8000 })
    expect(await badged(page)).toEqual([to])
    expect(await page.evaluate('window.sameDocument')).toBe(true)
    await close()
  })

  test('events do not come: the state is asked for each 5 s', async () => {
    const { page, close } = await visit(browser, api.address, '/panel/engines')
    api.silent = true
    await api.stop()
    await api.start()
    await page.getByRole('status').filter({ hasText: 'Reconnecting…' }).waitFor()
    const to = api.state.engines[0]?.engine_id ?? ''
    await api.handOver(to, 'while events are off')
    await expect.poll(() => badged(page), { timeout: 8000 }).toEqual([to])
    api.silent = false
    await page.getByRole('status').filter({ hasText: 'Reconnecting…' }).waitFor({ state: 'detached', timeout: 6000 })
    const polls = api.asked.filter(({ path }) => path === '/api/v1/engines').length
    await page.waitForTimeout(5500)
    expect(api.asked.filter(({ path }) => path === '/api/v1/engines')).toHaveLength(polls)
    await close()
  })

  test('Berth itself knows only the last state: it says so', async () => {
    const { page, close } = await visit(browser, api.address)
    api.tell({ type: 'freshness', data: { stale: true, age_s: 42 } })
    await page.getByText('Berth cannot reach Temporal').waitFor()
    await page.getByText(/data 4\d s old/).waitFor()
    api.tell({ type: 'freshness', data: { stale: false, age_s: 0 } })
    await page.getByText('Berth cannot reach Temporal').waitFor({ state: 'detached' })
    await close()
  })

  test('no events from the beginning: the state is asked for', async () => {
    api.silent = true
    const { page, close } = await visit(browser, api.address)
    await expect.poll(() => badged(page)).toHaveLength(1)
    await close()
  })
})
