import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { badged, openBrowser, visit } from './browser.js'
import { FakeApi } from './fake-api.js'

describe('who is forwarded', () => {
  let browser: Browser
  let api: FakeApi
  beforeAll(async () => {
    browser = await openBrowser()
    api = await new FakeApi().start()
  })
  afterAll(async () => {
    await browser.close()
    await api.stop()
  })

  const forwarded = (): string[] => api.state.engines.filter((engine) => engine.forwarded).map(({ engine_id }) => engine_id)

  test.for(['/', '/panel', '/panel/', '/panel/engines'])('at %s the badge is on exactly that engine', async (path) => {
    const { page, complaints, close } = await visit(browser, api.address, path)
    expect(await badged(page)).toEqual(forwarded())
    const badge = page.locator('[data-engine] [data-forwarded]')
    expect(await badge.getAttribute('aria-label')).toBe('Holds forwarded port 41000')
    expect(await badge.textContent()).toContain('Forwarded')
    expect(await badge.locator('svg').count()).toBe(1)
    expect(complaints).toEqual([])
    await close()
  })

  test('when the port goes to another engine the badge follows within 2 s, in every tab, and is never on two', async () => {
    const first = await visit(browser, api.address, '/panel/engines')
    const second = await visit(browser, api.address, '/panel/')
    const before = forwarded()[0]
    const to = api.state.engines.find(({ engine_id, phase }) => engine_id !== before && phase === 'running')?.engine_id ?? ''
    const began = Date.now()
    const most: number[] = []
    const handedOver = api.handOver(to, 'container lost')
    let seen: (string | null)[][] = []
    do {
      seen = await Promise.all([badged(first.page), badged(second.page)])
      most.push(...seen.map(({ length }) => length))
    } while (seen.some(([id]) => id !== to) && Date.now() - began < 10_000)
    expect(Date.now() - began).toBeLessThan(2000)
    expect(seen).toEqual([[to], [to]])
    expect(Math.max(...most)).toBe(1)
    await handedOver
    await second.page.getByText('Forwarded is now engine').waitFor({ state: 'attached' })
    expect(await second.page.locator('[data-lease-epoch]').textContent()).toBe('18')
    expect([...first.complaints, ...second.complaints]).toEqual([])
    await first.close()
    await second.close()
  })

  test('a forwarded port on which nothing listens is told where the port is shown', async () => {
    const { page, complaints, close } = await visit(browser, api.address, '/panel/')
    const holder = forwarded()[0] ?? ''
    const warning = page.getByText('Nothing listens on port 41000')
    await page.locator('[data-port]').waitFor()
    expect(await warning.count()).toBe(0)
    api.changeEngine(holder, { p2p_listening: false })
    await warning.waitFor()
    api.changeEngine(holder, { p2p_listening: true })
    await warning.waitFor({ state: 'detached' })
    expect(complaints).toEqual([])
    await close()
  })

  test('the word of the lease alone makes no badge: only `forwarded` does', async () => {
    const { page, close } = await visit(browser, api.address, '/panel/engines')
    const holder = forwarded()[0] ?? ''
    api.changeEngine(holder, { forwarded: false })
    await expect.poll(() => badged(page)).toEqual([])
    api.changeEngine(holder, { forwarded: true })
    await expect.poll(() => badged(page)).toEqual([holder])
    await close()
  })
})
