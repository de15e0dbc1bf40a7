import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { EngineState, Lease } from '../../panel/src/api/contracts.js'
import { badged, openBerth, openBrowser, realKey, type Visit, visit } from './browser.js'

const minute = 60_000

/** On the stand-in, and on a Berth that runs when `BERTH_URL` names one: an engine there is one of its fleet. */
describe('a Berth with engines, from the browser', { timeout: 5 * minute }, () => {
  let browser: Browser
  let berth: Awaited<ReturnType<typeof openBerth>>
  let first: Visit
  let second: Visit
  let page: Page
  beforeAll(async () => {
    browser = await openBrowser()
    berth = await openBerth()
    first = await visit(browser, berth.address, '/panel/engines')
    second = await visit(browser, berth.address, '/panel/')
    page = first.page
    page.setDefaultTimeout(minute)
    second.page.setDefaultTimeout(minute)
  }, minute)
  afterAll(async () => {
    await first.close()
    await second.close()
    await browser.close()
    await berth.close()
  })

  const read = async <T>(path: string): Promise<T> => {
    const headers: Record<string, string> = realKey === null ? {} : { 'x-api-key': realKey }
    return (await (await fetch(`${berth.address}/api/v1${path}`, { headers })).json()) as T
  }
  const engines = async (): Promise<EngineState[]> => (await read<{ items: EngineState[] }>('/engines')).items
  const forwarded = async (): Promise<string[]> => (await engines()).filter((engine) => engine.forwarded).map(({ engine_id }) => engine_id)
  const ids = (): Promise<(string | null)[]> =>
    page.locator('[data-engine]').evaluateAll((rows) => rows.map((row) => row.getAttribute('data-engine')))
  const dialog = () => page.getByRole('dialog')
  const confirm = async (name: string): Promise<void> => {
    const force = dialog().getByRole('checkbox')
    if ((await force.count()) > 0) await force.check()
    await dialog().getByRole('button', { name, exact: true }).click()
    await dialog().waitFor({ state: 'detached' })
  }
  const actOn = async (engine: string, item: string): Promise<void> => {
    await page
      .locator(`[data-engine="${engine}"]`)
      .getByRole('button', { name: /^Actions/ })
      .click()
    await page.getByRole('menuitem', { name: item }).click()
    await dialog().waitFor()
  }

  test('the badge is where the API says, in both tabs', async () => {
    expect(await badged(page)).toEqual(await forwarded())
    expect(await badged(second.page)).toEqual(await forwarded())
  })

  test('make forwarded: both tabs follow, and the lease has another epoch', async () => {
    const { epoch, holder } = await read<Lease>('/lease')
    const to = (await engines()).find(({ engine_id, phase }) => engine_id !== holder?.engine_id && phase === 'running')?.engine_id ?? ''
    await actOn(to, 'Make forwarded')
    await confirm('Make forwarded')
    await expect.poll(() => badged(page), { timeout: minute }).toEqual([to])
    await expect.poll(() => badged(second.page), { timeout: minute }).toEqual([to])
    expect(await forwarded()).toEqual([to])
    expect((await read<Lease>('/lease')).epoch).toBeGreaterThan(epoch)
  })

  test('provision, restart and delete an engine', async () => {
    const before = await ids()
    await page.getByRole('button', { name: 'Provision' }).click()
    await confirm('Provision')
    await expect.poll(async () => (await ids()).length, { timeout: minute }).toBe(before.length + 1)
    const made = (await ids()).find((id) => !before.includes(id)) ?? ''
    const row = page.locator(`[data-engine="${made}"]`)
    await row.getByText('Healthy').waitFor()
    await actOn(made, 'Restart')
    await confirm('Restart')
    await page.getByText('is done').first().waitFor()
    await row.getByText('Healthy').waitFor()
    await actOn(made, 'Delete')
    await confirm('Delete')
    await row.waitFor({ state: 'detached' })
    expect((await engines()).map(({ engine_id }) => engine_id)).not.toContain(made)
  })

  test('nothing complained, and nothing left the origin', () => {
    expect([...first.complaints, ...second.complaints]).toEqual([])
  })
})
