/**
 * @module
 * `npm run screenshots`: every page of the panel at 1280 and 390 px, light and dark, into docs/screenshots.
 *
 * Of the Berth that BERTH_URL names (with BERTH_KEY, if it wants a key), else of a demo, in which some streams play and the port has changed hands.
 * A part of a name as argument makes only those that contain it.
 */
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { chromium } from 'playwright-core'
import { runnerImport } from 'vite'
import { obtainChromium } from './setup/chromium.mjs'
import { prepare } from './setup/prepare.mjs'
import { root } from './setup/root.mjs'
import { runScript, Steps } from './setup/steps.mjs'

const folder = join(root, 'docs/screenshots')
const wanted = process.argv[2] ?? ''
const key = process.env.BERTH_KEY ?? null
const sizes = { wide: { width: 1280, height: 860 }, narrow: { width: 390, height: 844 } }
/** So long is the curve of a stream that is looked at. */
const CURVE_MS = 60_000
const QUALITY = 82
/** Longer pages are cut off. */
const MOST_PX = 2400

await runScript(async () => {
  const env = await prepare(new Steps(), { external: false })
  process.env.BERTH_TEMPORAL_CLI ||= env.BERTH_TEMPORAL_CLI
  const { value: executablePath } = await obtainChromium()
  mkdirSync(folder, { recursive: true })
  const demo = process.env.BERTH_URL ? null : await startDemo()
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--disable-quic'] })
  try {
    await shootAll(browser, demo?.address ?? process.env.BERTH_URL)
  } finally {
    await browser.close()
    await demo?.stop()
  }
})

async function shootAll(browser, address) {
  const engine = await shownEngine(address)
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
      for (const colorScheme of ['light', 'dark'])
        await shoot(browser, { name: `${name}-${size}-${colorScheme}`, url: address + path, viewport, colorScheme })
    }
  }
}

/** Five engines; three streams; the port went from hand to hand, once because the container of its holder was removed. */
async function startDemo() {
  const { module } = await runnerImport(join(root, 'test/panel/demo.ts'))
  const demo = await module.Demo.start({ MIN_REPLICAS: '5' })
  try {
    // As with an open panel: while nobody follows the events, what lies between two looks at the pool is one event.
    const events = await fetch(`${demo.address}/api/v1/events`, { headers: { accept: 'text/event-stream' } })
    events.body?.pipeTo(new WritableStream()).catch(() => undefined)
    const holder = (await demo.engines()).find(({ forwarded }) => forwarded)
    await demo.removeContainer(holder.container_id)
    const next = await demo.forwardedAfter(holder.lease_epoch)
    const others = (await demo.settled()).filter(({ forwarded }) => !forwarded)
    await demo.elect(others[1].engine_id, 'it has the better line')
    await demo.forwardedAfter(next.lease_epoch)
    await demo.settled()
    const [first, second, third] = (await demo.engines()).toSorted((a, b) => Number(b.forwarded) - Number(a.forwarded))
    const longest = await module.play(demo.address, first, '94c2fd8fb9bc8f2fc71a2cbe9d4b866f227a0209')
    await module.play(demo.address, first, '5d2a1c7be0f94b3385ffb1a6c04e2d7c9a61b8f3')
    await module.play(demo.address, second, 'a1b59f0c44d27e6e8bb3517dd0c9f23aa0e8c6d4')
    const ended = await module.play(demo.address, third, '0c7e39d2b8145f6aa9d3e1c05b7f82649ed1a3c8')
    await demo.endStream(ended)
    await demo.curve(longest, CURVE_MS)
    return demo
  } catch (error) {
    await demo.stop()
    throw error
  }
}

async function shownEngine(address) {
  const headers = key === null ? {} : { 'x-api-key': key }
  const { items } = await (await fetch(`${address}/api/v1/engines`, { headers })).json()
  return (items.find(({ forwarded }) => forwarded) ?? items[0]).engine_id
}

async function shoot(browser, { name, url, viewport, colorScheme }) {
  if (!name.includes(wanted)) return
  const context = await browser.newContext({ viewport, colorScheme, reducedMotion: 'reduce', deviceScaleFactor: 1 })
  const page = await context.newPage()
  if (key !== null) await page.addInitScript((value) => localStorage.setItem('berth-api-key', value), key)
  await page.goto(url)
  await page.locator('h1').waitFor()
  await page.locator('[aria-busy=true]').first().waitFor({ state: 'detached' })
  await page.waitForTimeout(600)
  const session = await context.newCDPSession(page)
  const { cssContentSize } = await session.send('Page.getLayoutMetrics')
  // Rows that are out of sight are not drawn (`content-visibility`): all of the page is to be in sight.
  await page.setViewportSize({ width: viewport.width, height: Math.min(cssContentSize.height, MOST_PX) })
  await page.waitForTimeout(300)
  // WebP, which is a quarter of a PNG; playwright itself writes PNG and JPEG only.
  const { data } = await session.send('Page.captureScreenshot', { format: 'webp', quality: QUALITY })
  const bytes = Buffer.from(data, 'base64')
  writeFileSync(join(folder, `${name}.webp`), bytes)
  await context.close()
  console.log(`docs/screenshots/${name}.webp  ${Math.round(bytes.length / 1000)} kB`)
}
