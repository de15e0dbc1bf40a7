import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { loadConfig } from '../../src/config/environment.js'
import { configurationPage, envExample } from '../../src/config/reference.js'

const UPDATE = process.env['UPDATE_REFERENCE'] === '1'

test.each([
  ['.env.example', envExample],
  ['docs/reference/configuration.md', configurationPage],
])('%s says what the schema says (UPDATE_REFERENCE=1 writes it anew)', (name, generate) => {
  const file = new URL(`../../${name}`, import.meta.url)
  if (UPDATE) writeFileSync(file, generate())
  expect(readFileSync(file, 'utf8')).toBe(generate())
})

test('each example in .env.example is a value that its variable takes', () => {
  const examples = [...envExample().matchAll(/^#([A-Z][A-Z0-9_]*)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value] as const)
  expect(examples.length).toBeGreaterThan(30)
  for (const [name, value] of examples) {
    const company = { ...(name.startsWith('GLUETUN_') ? { GLUETUN_CONTAINER_NAME: 'gluetun' } : {}), ...COMPANY[name] }
    expect(() => loadConfig({ ...company, [name]: value }), name).not.toThrow()
  }
})

/** What a variable needs beside it. */
const COMPANY: Record<string, Record<string, string>> = {
  READ_AUTH: { API_KEY: 'a-long-random-text' },
  GLUETUN_API_USERNAME: { GLUETUN_API_PASSWORD: 'correct-horse' },
  GLUETUN_API_PASSWORD: { GLUETUN_API_USERNAME: 'berth' },
}
