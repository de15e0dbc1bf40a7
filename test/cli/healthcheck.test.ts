import { mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { whyUnhealthy } from '../../src/cli/healthcheck.js'
import { loadConfig } from '../../src/config/environment.js'
import { keepPulse } from '../../worker/pulse.js'

let folder: string
let file: string
let api: Server | null = null

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-health-'))
  file = join(folder, 'health')
})
afterEach(async () => {
  await new Promise((resolve) => (api ? api.close(resolve) : resolve(null)))
  api = null
  rmSync(folder, { recursive: true })
})

async function listen(status: number): Promise<number> {
  const server = createServer((_, response) => response.writeHead(status).end())
  api = server
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

const check = (port = 1) => whyUnhealthy(loadConfig({ BERTH_HEALTH_FILE: file, APP_PORT: String(port) }))

describe('a health check', () => {
  it('passes for an API that answers, also on all addresses', async () => {
    const port = await listen(200)
    expect(await check(port)).toBeNull()
    expect(await whyUnhealthy(loadConfig({ APP_HOST: '0.0.0.0', API_KEY: 'key', APP_PORT: String(port) }))).toBeNull()
  })

  it('fails for an API that answers with an error, or not at all', async () => {
    expect(await check(await listen(503))).toContain('answers 503')
    expect(await check()).toContain('does not answer')
  })

  it('passes for a worker that wrote its file a moment ago', async () => {
    writeFileSync(file, '')
    expect(await check()).toBeNull()
  })

  it('fails for a worker whose file is old, whatever answers on the port of the API', async () => {
    writeFileSync(file, '')
    utimesSync(file, new Date(), new Date(Date.now() - 60_000))
    expect(await check(await listen(200))).toBe('the worker takes no tasks since 60 s')
  })
})

describe('a worker', () => {
  it('writes its file while it takes tasks, not while it takes none, and leaves none behind', async () => {
    const stopping = new AbortController()
    const warnings: unknown[] = []
    let takes = false
    let asked = 0
    const pulse = keepPulse(
      file,
      async () => {
        asked += 1
        return takes
      },
      stopping.signal,
      { warn: (...warning: unknown[]) => void warnings.push(warning) },
      5,
    )
    while (asked < 3) await delay(1)
    expect(await check()).toContain('no worker is ready')
    takes = true
    const before = asked
    while (asked < before + 2) await delay(1)
    expect(await check()).toBeNull()
    stopping.abort()
    await pulse
    expect(await check()).toContain('no worker is ready')
    expect(warnings).toEqual([])
  })

  it('goes on when its file cannot be written, and says so', async () => {
    const stopping = new AbortController()
    const warnings: unknown[] = []
    const pulse = keepPulse(join(folder, 'absent', 'health'), async () => true, stopping.signal, {
      warn: (...warning: unknown[]) => void warnings.push(warning),
    })
    while (warnings.length === 0) await delay(1)
    stopping.abort()
    await pulse
    expect(warnings.length).toBeGreaterThan(0)
  })
})
