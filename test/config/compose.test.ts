import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { COMPOSE_VARIABLES, FIXED_IN_COMPOSE } from '../../src/config/compose.js'
import { VARIABLES } from '../../src/config/variables.js'

const file = readFileSync(new URL('../../docker-compose.yml', import.meta.url), 'utf8').replace(/^ *#.*$/gm, '')
/** `NAME:` without a value, and `${NAME}` in all its forms. */
const read = new Set([...file.matchAll(/^ +([A-Z][A-Z0-9_]*):$|\$\{([A-Z][A-Z0-9_]*)/gm)].map(([, bare, named]) => bare ?? named ?? ''))

test('docker-compose.yml hands on every variable, but those that the reference says it fixes', () => {
  const missing = VARIABLES.map(({ name }) => name).filter((name) => !read.has(name) && !(name in FIXED_IN_COMPOSE))
  expect(missing).toEqual([])
  expect(Object.keys(FIXED_IN_COMPOSE).filter((name) => read.has(name))).toEqual([])
})

test('docker-compose.yml reads no variable that the reference does not name', () => {
  const known = new Set<string>([...VARIABLES, ...COMPOSE_VARIABLES].map(({ name }) => name))
  // Compose itself knows the project's name.
  expect([...read].filter((name) => !known.has(name))).toEqual(['COMPOSE_PROJECT_NAME'])
  expect(COMPOSE_VARIABLES.map(({ name }) => name).filter((name) => !read.has(name))).toEqual([])
})
