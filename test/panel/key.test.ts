import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { badged, openBrowser, visit } from './browser.js'
import { FakeApi } from './fake-api.js'

describe('the key', () => {
  let browser: Browser
  let api: FakeApi
  beforeAll(async () => {
    browser = await openBrowser()
  })
  afterAll(() => browser.close())
  beforeEach(async () => {
    api = await new FakeApi().start()
    api.key = 'a-long-random-text'
    api.viewerKey = 'only-to-look'
  })
  afterEach(() => api.stop())

  const enter = async (page: Awaited<ReturnType<typeof visit>>['page'], key: string): Promise<void> => {
    await page.getByRole('dialog').getByLabel(/^Key/).fill(key)
    await page.getByRole('button', { name: 'Use this key' }).click()
  }

  test('without one nothing can be changed, and it says why; with one it can, after a reload too', async () => {
    const { page, close } = await visit(browser, api.address, '/panel/engines')
    await page.getByText('Changes need a key').waitFor()
    expect(await page.getByRole('button', { name: /^Actions|Provision|Scale/ }).count()).toBe(0)
    await page.getByRole('button', { name: 'Enter a key' }).click()
    await enter(page, 'wrong')
    await page.getByRole('dialog').getByText('invalid token').waitFor()
    await enter(page, api.key ?? '')
    await page.getByRole('button', { name: 'Provision' }).waitFor()
    await page.reload()
    await page.getByRole('button', { name: 'Provision' }).waitFor()
    expect(api.asked.every(({ path, query }) => !`${path}${query}`.includes('a-long-random-text'))).toBe(true)
    expect(page.url()).not.toContain('a-long-random-text')
    await close()
  })

  test('a viewer sees all and changes nothing', async () => {
    const { page, close } = await visit(browser, api.address, '/panel/engines', { key: 'only-to-look' })
    await page.getByText('Your key may only look').waitFor()
    expect(await badged(page)).toHaveLength(1)
    expect(await page.getByRole('button', { name: /^Actions|Provision|Scale/ }).count()).toBe(0)
    await close()
  })

  test('where reads need a key too, one is asked for, and then all is there', async () => {
    api.readKey = true
    const { page, close } = await visit(browser, api.address, '/panel/')
    await page.getByRole('heading', { name: 'A key is needed' }).waitFor()
    await page.getByRole('main').getByRole('button', { name: 'Enter a key' }).click()
    await enter(page, api.key ?? '')
    await expect.poll(() => badged(page)).toHaveLength(1)
    await page.getByRole('button', { name: 'Your key: admin. Change it' }).click()
    await page.getByRole('button', { name: 'Forget the key of this browser' }).click()
    await page.getByRole('heading', { name: 'A key is needed' }).waitFor()
    await close()
  })
})
