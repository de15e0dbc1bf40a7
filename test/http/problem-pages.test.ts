import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { ERROR_STATUS } from '../../src/domain/errors.js'

const FOLDER = new URL('../../docs/problems/', import.meta.url)
const pages = readdirSync(FOLDER)
  .filter((name) => name !== 'README.md')
  .map((name) => name.replace(/\.md$/, ''))
const text = (page: string): string => readFileSync(new URL(`${page}.md`, FOLDER), 'utf8')
const rows = [...text('README').matchAll(/^\| \[([\w-]+)\]\(([\w-]+)\.md\) \| ([^|]+) \|/gm)].map(([, code, page, where]) => ({
  code,
  page,
  where,
}))

const CONDITIONS = [
  'disabled',
  'recovering',
  'no-forwarded',
  'handing-over',
  'forwarded-without-port',
  'several-forwarded',
  'lease-conflict',
]

test.each(Object.entries(ERROR_STATUS))('the error %s has a page with its status %i, and a row in the list', (code, status) => {
  expect(text(code)).toContain(`*Error ${status}`)
  expect(rows.find((row) => row.code === code)?.where).toBe(String(status))
})

test.each(CONDITIONS)('the condition %s has a page, and a row in the list', (code) => {
  expect(text(code)).toMatch(/^\*Condition of the lease/m)
  expect(rows.find((row) => row.code === code)?.where).toContain('condition of the lease')
})

test('every page is in the list, once, under its own name', () => {
  expect(new Set(rows.map(({ code }) => code))).toEqual(new Set(pages))
  expect(rows).toHaveLength(pages.length)
  expect(rows.filter(({ code, page }) => code !== page)).toEqual([])
})

test.each(pages)('%s says what it means, what Berth does and what to do', (page) => {
  const told = text(page)
  expect(told).toMatch(new RegExp(`^# ${page}\n`))
  for (const part of ['What it means.', 'What Berth does.', 'What to do.']) expect(told).toContain(`**${part}**`)
})

test.each([...pages, 'README'])('the links of %s lead somewhere', (page) => {
  const targets = [...text(page).matchAll(/\]\((?!https?:)([^)#]+)/g)].map(([, target]) => target ?? '')
  for (const target of targets) expect(() => readFileSync(new URL(target, FOLDER)), target).not.toThrow()
})
