import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { openBrowser, visit } from './browser.js'
import { FakeApi } from './fake-api.js'
import { world } from './samples.js'

const dist = join(import.meta.dirname, '../../dist/panel')
const MOST_BYTES = 200_000

describe('how much is loaded and drawn', () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await openBrowser()
  })
  afterAll(() => browser.close())

  test('the overview loads at most 200 kB of JavaScript, compressed, and none of the charts', async () => {
    const api = await new FakeApi().start()
    const { close } = await visit(browser, api.address)
    const scripts = new Set(api.asked.map(({ path }) => path).filter((path) => path.endsWith('.js')))
    const bytes = [...scripts].map((path) => gzipSync(readFileSync(join(dist, path.replace('/panel/', ''))), { level: 9 }).length)
    expect(bytes.reduce((sum, each) => sum + each, 0)).toBeLessThanOrEqual(MOST_BYTES)
    expect([...scripts].filter((path) => path.includes('speed-chart'))).toEqual([])
    await close()
    await api.stop()
  })

  test('no file names another origin to load from', () => {
    const page = readFileSync(join(dist, 'index.html'), 'utf8')
    expect(page).not.toMatch(/(src|href)="(https?:)?\/\//)
    expect(page).not.toMatch(/<script>|<script [^>]*>[^<]|<style/)
    for (const file of readdirSync(join(dist, 'assets')).filter((name) => name.endsWith('.css')))
      expect(readFileSync(join(dist, 'assets', file), 'utf8')).not.toMatch(/url\(["']?(https?:)?\/\/|@import/)
  })

  test('200 engines: few rows are drawn, and a change draws one of them and keeps the others', async () => {
    const api = await new FakeApi(world(200)).start()
    const { page, complaints, close } = await visit(browser, api.address, '/panel/engines')
    await page.getByText('200 engines, 200 wanted').waitFor()
    expect(await page.locator('tr[data-engine]').count()).toBeLessThan(60)
    await page.evaluate(`
      for (const row of document.querySelectorAll('tr[data-engine]')) row.wasThere = true
      window.touched = []
      new MutationObserver((changes) => {
        for (const { target } of changes) {
          const row = (target.nodeType === 1 ? target : target.parentElement)?.closest('tr')
          if (row && !target.parentElement?.closest('time')) window.touched.push(row.dataset.engine)
        }
      }).observe(document.querySelector('tbody'), { subtree: true, childList: true, characterData: true, attributes: true })
    `)
    const changed = api.state.engines[6]?.engine_id ?? ''
    api.changeEngine(changed, { health_status: 'unhealthy' })
    await page.locator(`[data-engine="${changed}"]`).getByText('Unhealthy').waitFor()
    expect(await page.evaluate('[...new Set(window.touched)]')).toEqual([changed])
    expect(await page.evaluate("[...document.querySelectorAll('tr[data-engine]')].every((row) => row.wasThere)")).toBe(true)
    await page.evaluate('window.scrollTo(0, document.body.scrollHeight)')
    await page.locator(`[data-engine="${api.state.engines[199]?.engine_id}"]`).waitFor()
    expect(complaints).toEqual([])
    await close()
    await api.stop()
  })

  test('300 changes in a second are shown without falling behind', async () => {
    const api = await new FakeApi(world(200)).start()
    const { page, close } = await visit(browser, api.address, '/panel/engines')
    for (let index = 0; index < 300; index++) {
      api.changeEngine(api.state.engines[index % 20]?.engine_id ?? '', {
        losses: index,
        health_status: index % 2 ? 'healthy' : 'unhealthy',
      })
      if (index % 10 === 9) await new Promise((resolve) => setTimeout(resolve, 33))
    }
    api.changeEngine(api.state.engines[4]?.engine_id ?? '', { phase: 'backing-off' })
    await page.getByText('Waits to retry').waitFor({ timeout: 1500 })
    await close()
    await api.stop()
  })
})
