/**
 * @module
 * `npm run screenshots`: every page of the panel at 1280 and 390 px, light and dark, into docs/screenshots.
 *
 * Of a Berth that runs when BERTH_URL names one (with BERTH_KEY, if it wants a key), else of the stand-in that the panel's tests use.
 * A part of a name as argument makes only those that contain it.
 */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { runnerImport } from 'vite'
import { build } from './setup/build.mjs'
import { obtainChromium } from './setup/chromium.mjs'
import { root } from './setup/root.mjs'

const folder = join(root, 'docs/screenshots')
const wanted = process.argv[2] ?? ''
const sizes = { wide: { width: 1280, height: 860 }, narrow: { width: 390, height: 844 } }

mkdirSync(folder, { recursive: true })
await build()
const { value: executablePath } = await obtainChromium()
const api = process.env.BERTH_URL ? null : await startStandIn()
const address = api?.address ?? process.env.BERTH_URL
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--disable-quic'] })
try {
  const engine = await firstEngine()
  const pages = {
    overview: '/panel/',
    engines: '/panel/engines',
    engine: `/panel/engines/${engine}`,
    lease: '/panel/lease',
    streams: '/panel/streams',
    vpn: '/panel/vpn',
    events: '/panel/events',
    settings: '/panel/settings',
    problem: '/panel/problems/forwarded-without-port',
  }
  for (const [name, path] of Object.entries(pages)) {
    for (const [size, viewport] of Object.entries(sizes)) {
      for (const colorScheme of ['light', 'dark']) await shoot(`${name}-${size}-${colorScheme}`, path, viewport, colorScheme)
    }
  }
} finally {
  await browser.close()
  await api?.stop()
}

async function startStandIn() {
  const { module } = await runnerImport(join(root, 'test/panel/fake-api.ts'))
  const api = await new module.FakeApi().start()
  const [first, second, third] = api.state.engines
  api.changeEngine(third.engine_id, { health_status: 'unhealthy' })
  api.changeEngine(third.engine_id, { health_status: 'healthy' })
  api.changeEngine(first.engine_id, { last_stream_usage: new Date().toISOString() })
  api.changeEngine(second.engine_id, {})
  api.changeFleet({})
  return api
}

async function firstEngine() {
  const headers = process.env.BERTH_KEY ? { 'x-api-key': process.env.BERTH_KEY } : {}
  const { items } = await (await fetch(`${address}/api/v1/engines`, { headers })).json()
  return (items.find(({ forwarded }) => forwarded) ?? items[0]).engine_id
}

async function shoot(name, path, viewport, colorScheme) {
  if (!name.includes(wanted)) return
  const context = await browser.newContext({ viewport, colorScheme, reducedMotion: 'reduce', deviceScaleFactor: 1 })
  const page = await context.newPage()
  if (process.env.BERTH_KEY) await page.addInitScript((key) => localStorage.setItem('berth-api-key', key), process.env.BERTH_KEY)
  await page.goto(address + path)
  await page.locator('h1').waitFor()
  await page.locator('[aria-busy=true]').first().waitFor({ state: 'detached' })
  await page.waitForTimeout(600)
  await page.screenshot({ path: join(folder, `${name}.png`), fullPage: true })
  await context.close()
  console.log(`docs/screenshots/${name}.png`)
}
