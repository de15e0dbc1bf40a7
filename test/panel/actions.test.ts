import type { Browser, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { badged, openBrowser, type Visit, visit } from './browser.js'
import { FakeApi } from './fake-api.js'

describe('what is done in the panel', () => {
  let browser: Browser
  let api: FakeApi
  let visited: Visit
  let page: Page
  beforeAll(async () => {
    browser = await openBrowser()
  })
  afterAll(() => browser.close())
  beforeEach(async () => {
    api = await new FakeApi().start()
    visited = await visit(browser, api.address, '/panel/engines')
    page = visited.page
  })
  afterEach(async () => {
    await visited.close()
    await api.stop()
  })

  const id = (index: number): string => api.state.engines[index]?.engine_id ?? ''
  const row = (engine: string) => page.locator(`[data-engine="${engine}"]`)
  const dialog = () => page.getByRole('dialog')
  const act = async (engine: string, item: string): Promise<void> => {
    await row(engine)
      .getByRole('button', { name: /^Actions/ })
      .click()
    await page.getByRole('menuitem', { name: item }).click()
    await dialog().waitFor()
  }
  const press = (name: string): Promise<void> => dialog().getByRole('button', { name, exact: true }).click()

  test('restart: asked for once, under a key of its own, and told when it is done', async () => {
    await act(id(2), 'Restart')
    await press('Restart')
    await dialog().waitFor({ state: 'detached' })
    await row(id(2)).getByText('Restarting').waitFor()
    await page.getByText('is done').waitFor()
    await row(id(2)).getByText('Healthy').waitFor()
    expect(api.changes.map(({ method, path }) => [method, path])).toEqual([['POST', `/api/v1/engines/${id(2)}/restart`]])
    expect(api.changes[0]?.headers.get('idempotency-key')).toMatch(/^[0-9a-f]{32}$/)
    expect(api.changes[0]?.headers.get('content-type')).toBe('application/json')
    expect(visited.complaints).toEqual([])
  })

  test('make forwarded: says which port moves and which streams stop, and cuts them only when told to', async () => {
    await act(id(2), 'Make forwarded')
    await dialog().getByText('Port 41000 goes from engine').waitFor()
    await dialog().getByText('2 streams stop').waitFor()
    expect(await dialog().getByRole('button', { name: 'Make forwarded' }).isDisabled()).toBe(true)
    await dialog().getByRole('checkbox').check()
    await dialog().getByLabel('Reason').fill('a quieter one')
    await press('Make forwarded')
    await expect.poll(() => badged(page)).toEqual([id(2)])
    expect(api.changes[0]).toMatchObject({
      path: '/api/v1/lease/designate',
      body: { engine: id(2), reason: 'a quieter one', force: true },
    })
    expect(api.changes[0]?.headers.get('if-match')).toBe('"epoch-17"')
  })

  test('delete: one that is forwarded or plays wants its name typed', async () => {
    const forwarded = id(1)
    await act(forwarded, 'Delete')
    await dialog().getByText('It holds forwarded port 41000').waitFor()
    const button = dialog().getByRole('button', { name: 'Delete' })
    expect(await button.isDisabled()).toBe(true)
    await dialog().getByRole('textbox').fill(forwarded.slice(0, 8))
    await button.click()
    await row(forwarded).waitFor({ state: 'detached' })
    expect(api.changes.map(({ method, path }) => [method, path])).toEqual([['DELETE', `/api/v1/engines/${forwarded}`]])
  })

  test('delete: one that plays nothing goes at once', async () => {
    const free = id(2)
    await act(free, 'Delete')
    await press('Delete')
    await row(free).waitFor({ state: 'detached' })
  })

  test('restart of one that plays: only when its streams may be cut', async () => {
    const busy = id(0)
    await act(busy, 'Restart')
    await dialog().getByText('1 stream stops').waitFor()
    expect(await dialog().getByRole('button', { name: 'Restart' }).isDisabled()).toBe(true)
    await dialog().getByLabel('Cut this stream').check()
    await press('Restart')
    await dialog().waitFor({ state: 'detached' })
    expect(api.changes[0]).toMatchObject({ path: `/api/v1/engines/${busy}/restart`, body: { force: true } })
  })

  test('drain: no stream is cut; one that ends by hand lets the engine go', async () => {
    const busy = id(0)
    const [played] = api.state.engines[0]?.streams ?? []
    await act(busy, 'Drain')
    await dialog().getByText('No stream is cut').waitFor()
    await press('Drain')
    await row(busy).getByText('Draining').waitFor()
    expect(api.changes[0]?.path).toBe(`/api/v1/engines/${busy}/drain`)
    await page.getByRole('link', { name: 'Streams', exact: true }).click()
    await page.locator(`[data-stream="${played}"]`).getByRole('button', { name: /^End/ }).click()
    await dialog().getByText('Its player is not stopped').waitFor()
    await press('End')
    await page.getByRole('region', { name: 'Ended' }).locator(`[data-stream="${played}"]`).waitFor()
    expect(api.changes[1]).toMatchObject({ path: '/events/stream_ended', body: { stream_id: played } })
    await page.getByRole('link', { name: 'Engines', exact: true }).click()
    await row(busy).waitFor({ state: 'detached' })
  })

  test('a toast leads to the events about what it tells of', async () => {
    await act(id(2), 'Restart')
    await press('Restart')
    await page.getByText('is done').getByRole('link', { name: 'Its events' }).click()
    await page.getByRole('heading', { name: 'Events' }).waitFor()
    expect(new URL(page.url()).search).toBe(`?about=${id(2)}`)
    await page.getByText('Only about').waitFor()
    const links = await page
      .getByRole('listitem')
      .getByRole('link', { name: /^[0-9a-f]{8}$/ })
      .allTextContents()
    expect(new Set(links)).toEqual(new Set([id(2).slice(0, 8)]))
    await page.getByRole('button', { name: 'Show all' }).click()
    await page.getByText('Only about').waitFor({ state: 'detached' })
  })

  test('the environment of an engine is there with its secrets masked, and nothing of it for viewers', async () => {
    await page.goto(`${api.address}/panel/engines/${id(1)}`)
    const secret = page.getByRole('row', { name: /^PASSWORD/ })
    await secret.waitFor()
    expect(await secret.getByRole('cell').textContent()).toBe('********')
    api.key = 'for-changes'
    api.viewerKey = 'only-to-look'
    const viewer = await visit(browser, api.address, `/panel/engines/${id(1)}`, { key: 'only-to-look' })
    await viewer.page.getByText('Labels').first().waitFor()
    expect(await viewer.page.getByRole('heading', { name: 'Environment' }).count()).toBe(0)
    await viewer.close()
  })

  test('provision: with labels and environment; a line that is no pair is pointed at', async () => {
    await page.getByRole('button', { name: 'Provision' }).click()
    await dialog().getByLabel('Labels').fill('tv=living room\nnonsense')
    expect(await dialog().getByRole('button', { name: 'Provision' }).isDisabled()).toBe(true)
    await dialog().getByLabel('Labels').fill('tv=living room')
    await dialog().getByLabel('Environment').fill('CONF=--log-debug=1')
    await press('Provision')
    await expect.poll(() => page.locator('[data-engine]').count()).toBe(6)
    await page.getByText('is done').waitFor()
    expect(api.changes[0]).toMatchObject({
      path: '/api/v1/engines',
      body: { labels: { tv: 'living room' }, env: { CONF: '--log-debug=1' }, host_port: null },
    })
  })

  test('scale: the wanted number', async () => {
    await page.getByRole('button', { name: 'Scale' }).click()
    await dialog().getByRole('textbox').fill('8')
    await dialog().getByText('3 engines are made').waitFor()
    await press('Scale')
    await page.getByText('5 engines, 8 wanted').waitFor()
    expect(api.changes[0]).toMatchObject({ method: 'PATCH', path: '/api/v1/fleet', body: { wanted: 8 } })
  })

  test('elect, of a candidate: the badge moves', async () => {
    await page.goto(`${api.address}/panel/lease`)
    await page.getByRole('button', { name: 'Elect another' }).click()
    await dialog().getByLabel('Who takes it').selectOption(id(0))
    await dialog().getByText('3 streams stop').waitFor()
    await dialog().getByRole('checkbox').check()
    await press('Elect')
    await page.getByRole('region', { name: 'Turnovers' }).locator('[data-epoch="18"]').waitFor()
    expect(api.changes[0]).toMatchObject({ path: '/api/v1/lease/elect', body: { candidate: id(0), force: true } })
  })

  test('rotate: waits for streams unless told not to', async () => {
    await page.goto(`${api.address}/panel/lease`)
    await page.getByRole('button', { name: 'Rotate' }).click()
    await dialog().getByText('as soon as the holder plays nothing').waitFor()
    await press('Rotate')
    await page.getByText('The port is to be handed on').waitFor()
    expect(api.changes[0]).toMatchObject({ path: '/api/v1/lease/rotate', body: { force: false } })
  })

  test('name nobody any more', async () => {
    api.changeLease({ preferred: id(1) })
    await page.goto(`${api.address}/panel/lease`)
    await page.getByRole('button', { name: 'Name nobody' }).click()
    await press('Name nobody')
    await page.getByText('Named by hand').waitFor({ state: 'detached' })
    expect(api.changes[0]).toMatchObject({ path: '/api/v1/lease/designate', body: { engine: null } })
  })

  test('the port was handed over while the dialog was open: nothing is asked for until one has looked again', async () => {
    await act(id(2), 'Make forwarded')
    await api.handOver(id(0), 'meanwhile')
    await dialog().getByText('The port was handed over meanwhile').waitFor()
    expect(await dialog().getByRole('button', { name: 'Make forwarded' }).isDisabled()).toBe(true)
    await dialog().getByLabel('I have looked at what is shown now').click()
    await dialog().getByLabel('Cut this stream').check()
    await press('Make forwarded')
    await expect.poll(() => badged(page)).toEqual([id(2)])
    expect(api.changes[0]?.headers.get('if-match')).toBe('"epoch-18"')
  })

  test('a refusal shows what Berth says and the request; asking again for the same bears the same key', async () => {
    const refusal = { status: 503, type: 'unavailable', title: 'Not available now', detail: 'Temporal cannot be asked' }
    api.refuse = { path: `/api/v1/engines/${id(2)}/restart`, with: refusal }
    await act(id(2), 'Restart')
    await press('Restart')
    await dialog().getByRole('alert').getByText('Temporal cannot be asked').waitFor()
    expect(await dialog().getByRole('alert').textContent()).toMatch(/Request [0-9a-f-]{36}/)
    await press('Restart')
    await dialog().waitFor({ state: 'detached' })
    const keys = api.changes.map(({ headers }) => headers.get('idempotency-key'))
    expect(keys).toHaveLength(2)
    expect(new Set(keys).size).toBe(1)
  })

  test('by keyboard: the palette finds a page and an engine, and the focus returns from a dialog', async () => {
    await page.keyboard.press('Control+k')
    await page.getByPlaceholder('Page, action or engine…').fill(id(3).slice(0, 8))
    await page.keyboard.press('Enter')
    await page.getByRole('heading', { level: 1, name: `Engine ${id(3).slice(0, 8)}` }).waitFor()
    const button = page.getByRole('button', { name: /^Actions/ })
    await button.focus()
    await page.keyboard.press('Enter')
    await page.getByRole('menuitem', { name: 'Restart' }).focus()
    await page.keyboard.press('Enter')
    await dialog().waitFor()
    await page.keyboard.press('Escape')
    await dialog().waitFor({ state: 'detached' })
    await expect.poll(() => button.evaluate((element) => element === document.activeElement)).toBe(true)
  })

  test('filter and order are in the address and survive a reload', async () => {
    await page.getByLabel('Find engines').fill('19003')
    await expect.poll(() => page.locator('tr[data-engine]').count()).toBe(1)
    await page.getByLabel('Find engines').fill('')
    await page.getByLabel('Show', { exact: true }).selectOption('busy')
    await page.getByRole('button', { name: 'Streams' }).click()
    await page.getByRole('button', { name: 'Streams' }).click()
    await expect.poll(() => new URL(page.url()).search).toBe('?show=busy&by=streams&down=true')
    await page.reload()
    await expect.poll(() => page.locator('tr[data-engine]').count()).toBe(2)
    expect(await page.locator('tr[data-engine]').first().getAttribute('data-engine')).toBe(id(1))
  })
})
