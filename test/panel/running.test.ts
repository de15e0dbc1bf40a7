import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { EngineState, Lease, StreamState } from '../../panel/src/api/contracts.js'
import { badged, openBrowser, realBerth, realKey, type Visit, visit } from './browser.js'
import { Demo, play } from './demo.js'

const minute = 60_000
/** How soon the badge is on who holds the port next when the forwarded container is removed from outside. */
const BADGE_MOVES_WITHIN_MS = 2000

/** On a demo of its own, or on the Berth that `BERTH_URL` names: an engine there is one of its fleet. */
describe('a Berth that runs, from the browser', { timeout: minute }, () => {
  let browser: Browser
  let demo: Demo | null = null
  let address: string
  let first: Visit
  let second: Visit
  let page: Page
  beforeAll(async () => {
    browser = await openBrowser()
    demo = realBerth === null ? await Demo.start() : null
    address = demo?.address ?? realBerth ?? ''
    first = await visit(browser, address, '/panel/engines')
    second = await visit(browser, address, '/panel/')
    page = first.page
    page.setDefaultTimeout(minute / 2)
    second.page.setDefaultTimeout(minute / 2)
  }, 2 * minute)
  afterAll(async () => {
    await first?.close()
    await second?.close()
    await browser?.close()
    await demo?.stop()
  })

  const headers: Record<string, string> = realKey === null ? {} : { 'x-api-key': realKey }
  const read = async <T>(path: string): Promise<T> => (await (await fetch(`${address}/api/v1${path}`, { headers })).json()) as T
  const engines = async (): Promise<EngineState[]> => (await read<{ items: EngineState[] }>('/engines')).items
  const forwarded = async (): Promise<string[]> => (await engines()).filter((engine) => engine.forwarded).map(({ engine_id }) => engine_id)
  const ids = (): Promise<(string | null)[]> =>
    page.locator('[data-engine]').evaluateAll((rows) => rows.map((row) => row.getAttribute('data-engine')))
  const row = (engine: string) => page.locator(`[data-engine="${engine}"]`)
  const dialog = () => page.getByRole('dialog')
  const go = (name: string): Promise<void> => page.getByRole('link', { name, exact: true }).click()
  /** Agrees to what the dialog says and presses `name`. */
  const confirm = async (name: string): Promise<void> => {
    const force = dialog().getByRole('checkbox')
    if ((await force.count()) > 0) await force.check()
    await dialog().getByRole('button', { name, exact: true }).click()
    await dialog().waitFor({ state: 'detached' })
  }
  const actOn = async (engine: string, item: string): Promise<void> => {
    await row(engine)
      .getByRole('button', { name: /^Actions/ })
      .click()
    await page.getByRole('menuitem', { name: item }).click()
    await dialog().waitFor()
  }
  const provision = async (): Promise<EngineState> => {
    const before = await ids()
    await page.getByRole('button', { name: 'Provision' }).click()
    await confirm('Provision')
    await expect.poll(async () => (await ids()).length, { timeout: minute / 2 }).toBe(before.length + 1)
    const made = (await ids()).find((id) => !before.includes(id)) ?? ''
    await row(made).getByText('Healthy').waitFor()
    const found = (await engines()).find(({ engine_id }) => engine_id === made)
    if (found === undefined) throw new Error(`the API does not know ${made}`)
    return found
  }
  const bothBadge = async (engine: string): Promise<void> => {
    for (const tab of [page, second.page]) await expect.poll(() => badged(tab), { timeout: minute / 2 }).toEqual([engine])
    expect(await forwarded()).toEqual([engine])
  }
  const follower = async (): Promise<string> => {
    const found = async () => (await engines()).find((engine) => !engine.forwarded && engine.health_status === 'healthy')?.engine_id ?? ''
    await expect.poll(found, { timeout: minute / 2 }).not.toBe('')
    return found()
  }

  test('the badge is where the API says, in both tabs', async () => {
    const [holder] = await forwarded()
    await bothBadge(holder ?? '')
  })

  test.skipIf(realBerth !== null)(
    'the forwarded container is removed from outside: within 2 s the badge is on who holds the port next, and never on two',
    async () => {
      const holder = (await engines()).find((engine) => engine.forwarded)
      const tabs = [page, second.page]
      for (const tab of tabs) await tab.evaluate(watchBadge(holder?.lease_epoch ?? 0))
      const began = Date.now()
      await demo?.removeContainer(holder?.container_id ?? '')
      const seen = () => Promise.all(tabs.map((tab) => tab.evaluate<Seen>('window.seen')))
      await expect.poll(async () => (await seen()).every(({ next }) => next !== null), { timeout: minute / 2, interval: 20 }).toBe(true)
      const [here, there] = await seen()
      expect([here?.most, there?.most]).toEqual([1, 1])
      expect(here?.next?.engine).toBe(there?.next?.engine)
      const took = [here, there].map((one) => (one?.next?.at ?? Number.POSITIVE_INFINITY) - began)
      expect(Math.max(...took)).toBeLessThan(BADGE_MOVES_WITHIN_MS)
      await bothBadge(here?.next?.engine ?? '')
    },
  )

  test('make forwarded, and name nobody any more: both tabs follow, and the lease has another epoch', async () => {
    const { epoch } = await read<Lease>('/lease')
    const to = await follower()
    await actOn(to, 'Make forwarded')
    await confirm('Make forwarded')
    await bothBadge(to)
    const after = await read<Lease>('/lease')
    expect(after.epoch).toBeGreaterThan(epoch)
    expect(after.preferred).toBe(to)
    await go('Lease')
    await page.getByRole('button', { name: 'Name nobody' }).click()
    await confirm('Name nobody')
    await page.getByText('Named by hand').waitFor({ state: 'detached' })
    expect((await read<Lease>('/lease')).preferred).toBeNull()
  })

  test('elect and rotate: the turnover is there with its epoch, and the badge is on its engine', async () => {
    const to = await follower()
    const { epoch } = await read<Lease>('/lease')
    await page.getByRole('button', { name: 'Elect another' }).click()
    await dialog().getByLabel('Who takes it').selectOption(to)
    await confirm('Elect')
    await page
      .getByRole('region', { name: 'Turnovers' })
      .locator(`[data-epoch="${epoch + 1}"]`)
      .waitFor()
    await expect.poll(() => badged(second.page), { timeout: minute / 2 }).toEqual([to])
    await follower()
    await page.getByRole('button', { name: 'Rotate' }).click()
    await confirm('Rotate')
    await page
      .getByRole('region', { name: 'Turnovers' })
      .locator(`[data-epoch="${epoch + 2}"]`)
      .waitFor()
    await expect.poll(async () => (await badged(second.page)).length, { timeout: minute / 2 }).toBe(1)
    const [holder] = await forwarded()
    expect(holder).not.toBe(to)
    await go('Engines')
    await bothBadge(holder ?? '')
  })

  test('provision, restart and delete', async () => {
    const { engine_id: made } = await provision()
    await actOn(made, 'Restart')
    await confirm('Restart')
    await page.getByText('is done').first().waitFor()
    await row(made).getByText('Healthy').waitFor()
    await actOn(made, 'Delete')
    await confirm('Delete')
    await row(made).waitFor({ state: 'detached' })
    expect((await engines()).map(({ engine_id }) => engine_id)).not.toContain(made)
  })

  test.skipIf(realBerth !== null)(
    'streams: shown with their speed, cut by a restart only when agreed to; drained when they end by hand',
    async () => {
      const made = await provision()
      const id = await play(address, made, 'ab'.repeat(20))
      await row(made.engine_id).getByText('1 stream').waitFor()
      await actOn(made.engine_id, 'Restart')
      await dialog().getByText('1 stream stops').waitFor()
      await confirm('Restart')
      await row(made.engine_id).getByText('none').first().waitFor()
      await row(made.engine_id).getByText('Healthy').waitFor()
      const anew = (await engines()).find(({ engine_id }) => engine_id === made.engine_id)
      const again = await play(address, { ...made, container_id: anew?.container_id ?? null }, 'cd'.repeat(20))
      expect(again).not.toBe(id)
      await row(made.engine_id).getByText('1 stream').waitFor()
      await actOn(made.engine_id, 'Drain')
      await confirm('Drain')
      await row(made.engine_id).getByText('Draining').waitFor()
      await go('Streams')
      const playing = page.getByRole('region', { name: /^Playing/ }).locator(`[data-stream="${again}"]`)
      await playing
        .getByText(/[1-9]\d* kB\/s/)
        .first()
        .waitFor()
      await playing.getByRole('button', { name: /^End/ }).click()
      await confirm('End')
      await page.getByRole('region', { name: 'Ended' }).locator(`[data-stream="${again}"]`).waitFor()
      expect((await read<StreamState>(`/streams/${encodeURIComponent(again)}`)).status).toBe('ended')
      await go('Engines')
      await row(made.engine_id).waitFor({ state: 'detached' })
    },
  )

  test('scale: one more, and one less', async () => {
    const before = (await ids()).length
    for (const wanted of [before + 1, before]) {
      await page.getByRole('button', { name: 'Scale' }).click()
      await dialog().getByRole('textbox').fill(String(wanted))
      await confirm('Scale')
      await expect.poll(async () => (await ids()).length, { timeout: minute / 2 }).toBe(wanted)
    }
    expect(await engines()).toHaveLength(before)
  })

  test('the page of an engine: log, environment and labels are those of its container', async () => {
    const [holder] = await forwarded()
    await row(holder ?? '')
      .getByRole('link')
      .first()
      .click()
    await page.getByRole('region', { name: 'Log lines' }).getByText(/\w/).first().waitFor()
    await page.getByRole('region', { name: 'Environment' }).getByRole('row').first().waitFor()
    await page
      .getByRole('region', { name: 'Labels' })
      .getByRole('row', { name: /^acestream\.forwarded/ })
      .waitFor()
    await go('Engines')
  })

  test('the events tell what happened, also to who comes later', async () => {
    const third = await visit(browser, address, '/panel/events')
    await third.page.getByRole('listitem').filter({ hasText: 'holds port' }).first().waitFor()
    expect(third.complaints).toEqual([])
    await third.close()
  })

  test('nothing complained, and nothing left the origin', async () => {
    await bothBadge((await forwarded())[0] ?? '')
    expect([...first.complaints, ...second.complaints]).toEqual([])
  })

  test.skipIf(realBerth !== null)('the API is killed and back: a banner, then the state again without a reload, in both tabs', async () => {
    const tabs = [page, second.page]
    for (const tab of tabs) await tab.evaluate('window.sameDocument = true')
    const banners = tabs.map((tab) => tab.getByRole('status').filter({ hasText: 'Reconnecting…' }))
    const shown = Promise.all(banners.map((banner) => banner.waitFor()))
    demo?.killApi()
    await shown
    await Promise.all(banners.map((banner) => banner.waitFor({ state: 'detached' })))
    await bothBadge((await forwarded())[0] ?? '')
    const to = await follower()
    await actOn(to, 'Make forwarded')
    await confirm('Make forwarded')
    await bothBadge(to)
    for (const tab of tabs) expect(await tab.evaluate('window.sameDocument')).toBe(true)
  })
})

interface Seen {
  /** When a badge of a later epoch was there first, and where. */
  next: { at: number; engine: string } | null
  /** How many badges there were at most. */
  most: number
}

/** Notes in the page what becomes of the badge of `epoch`. */
const watchBadge = (epoch: number): string => `{
  window.seen = { next: null, most: 0 }
  const look = () => {
    const badges = [...document.querySelectorAll('[data-engine] [data-forwarded]')]
    window.seen.most = Math.max(window.seen.most, badges.length)
    const next = badges.find((badge) => Number(badge.dataset.epoch) > ${epoch})
    if (window.seen.next === null && next) window.seen.next = { at: Date.now(), engine: next.closest('[data-engine]').dataset.engine }
  }
  new MutationObserver(look).observe(document.body, { subtree: true, childList: true, attributes: true })
  look()
}`
