import { randomBytes } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Berth, eventually } from '../support/world.js'
import { type Findings, fuzz } from './schemathesis.js'

const ADMIN = randomBytes(16).toString('hex')
const HEADERS = { authorization: `Bearer ${ADMIN}` }
/** More than the suite can send. */
const UNLIMITED = '1000000'
/** So many that the suite finds room for one more, and at times none. */
const MAX_REPLICAS = '12'

interface Operation {
  responses: Record<string, { description: string; content: object }>
}

describe('a demo, with keys by role and closed reads, asked everything that its OpenAPI document offers', () => {
  let berth: Berth
  let found: Findings

  beforeAll(async () => {
    berth = await Berth.demo({
      API_KEY: ADMIN,
      API_KEYS: `viewer:reader:${randomBytes(16).toString('hex')},operator:hand:${randomBytes(16).toString('hex')}`,
      READ_AUTH: 'required',
      RATE_LIMIT_MUTATIONS: UNLIMITED,
      RATE_LIMIT_AUTH_FAILURES: UNLIMITED,
      MAX_REPLICAS,
      // Other demos may run on this machine; and no port from which connections go out, of which the suite makes thousands.
      BERTH_DEMO_PORT: String(31_000 + (process.pid % 1_000)),
      ACE_HTTPS_RANGE: '25000-29999',
    })
    await berth.start()
    found = await fuzz(berth.url, ADMIN)
  }, 10 * 60_000)
  afterAll(async () => {
    await berth?.discard()
  })

  it('is asked for every operation', () => {
    process.stdout.write(
      `${found.tested} of ${found.operations} operations, ${found.cases} requests, ${found.failures.length} with failures\n`,
    )
    expect(found.errors).toEqual([])
    expect(found.tested).toBe(found.operations)
    expect(found.operations).toBeGreaterThan(40)
  })

  it('answers nothing that its document does not say', () => {
    expect(found.failures.map(({ operation, told }) => `${operation}\n${told}`).join('\n\n')).toBe('')
  })

  it('does what it is asked: of each operation some request succeeds', () => {
    expect(found.neverAccepted).toEqual([])
  })

  it('has every part in good health after all that', async () => {
    await eventually('all is ready', async () => {
      const { status, body } = await berth.send('GET', '/readyz', undefined, HEADERS)
      if (status === 200) return body
      throw new Error(JSON.stringify(body))
    })
  })

  it('has a page for every problem that its document names', async () => {
    const { paths } = (await berth.send('GET', '/openapi.json')).body as { paths: Record<string, Record<string, Operation>> }
    const answers = Object.values(paths)
      .flatMap(Object.values<Operation>)
      .flatMap(({ responses }) => Object.values(responses))
    const problems = answers.filter(({ content }) => Object.keys(content).join() === 'application/problem+json')
    const types = new Set(problems.flatMap(({ description }) => [...description.matchAll(/`([a-z-]+)`/g)].map(([, type]) => type)))
    expect(types.size).toBeGreaterThan(10)
    for (const type of types) expect([type, (await fetch(`${berth.url}/problems/${type}`)).status]).toEqual([type, 200])
  })
})
