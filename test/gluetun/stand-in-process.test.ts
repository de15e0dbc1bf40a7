import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import ts from 'typescript'
import { describe, expect, it, onTestFinished } from 'vitest'
import { z } from 'zod'
import { createGluetunClient } from '../../src/gluetun/control-client.js'

/** The two files alone, as JavaScript, in a folder where no package can be found. */
async function build(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'gluetun-stand-in-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await writeFile(join(folder, 'package.json'), '{"type":"module"}')
  for (const name of ['gluetun-stand-in', 'gluetun-main']) {
    const source = await readFile(new URL(`../../src/simulator/${name}.ts`, import.meta.url), 'utf8')
    const compilerOptions = { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2023, verbatimModuleSyntax: true }
    await writeFile(join(folder, `${name}.js`), ts.transpileModule(source, { compilerOptions }).outputText)
  }
  return join(folder, 'gluetun-main.js')
}

function run(main: string, env: Record<string, string>) {
  const child = spawn(process.execPath, [main], { env, stdio: ['ignore', 'pipe', 'pipe'] })
  onTestFinished(() => void child.kill('SIGKILL'))
  return child
}

const announcement = z.strictObject({ controlServer: z.url(), testControl: z.url() })

describe('the stand-in as a process', () => {
  it('needs nothing but Node, and does what its test control says', async () => {
    const child = run(await build(), {
      HTTP_CONTROL_SERVER_ADDRESS: '127.0.0.1:0',
      HTTP_CONTROL_SERVER_AUTH_DEFAULT_ROLE: '{"auth":"apikey","apikey":"k"}',
      GLUETUN_VERSION: 'latest',
      CONTROL_PORT: '0',
    })
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string]
    const { controlServer, testControl } = announcement.parse(JSON.parse(line))
    const client = createGluetunClient({ baseUrl: () => controlServer, auth: { kind: 'apikey', key: 'k' } })
    const control = async (path: string, body: unknown): Promise<number> =>
      (await fetch(testControl + path, { method: 'PUT', body: JSON.stringify(body) })).status

    expect(await client.read()).toMatchObject({ status: 'running', ports: [41000], publicIp: '198.51.100.7', problem: null })
    expect(await control('/port', { port: 42000 })).toBe(204)
    expect((await client.readPorts()).ports).toEqual([42000])
    expect(await control('/ports', { ports: [42002, 42001] })).toBe(204)
    expect((await client.readPorts()).ports).toEqual([42001, 42002])
    expect(await control('/vpn', { state: 'down' })).toBe(204)
    expect(await client.read()).toMatchObject({ status: 'stopped', ports: [], publicIp: null })
    expect(await control('/fault', { kind: 'refuse' })).toBe(204)
    expect((await client.readPorts()).problem?.code).toBe('gluetun-unreachable')
    expect(await control('/fault', { kind: null })).toBe(204)
    expect((await client.readPorts()).problem).toBeNull()

    for (const [path, body] of [
      ['/port', { port: 'x' }],
      ['/ports', { ports: 42000 }],
      ['/ports', { ports: [70000] }],
      ['/vpn', { state: 'sideways' }],
      ['/fault', {}],
      ['/other', {}],
    ] as const) {
      expect(await control(path, body)).toBe(400)
    }

    child.kill('SIGTERM')
    expect(await once(child, 'exit')).toEqual([0, null])
  })

  it('exits with 1 and the reason when a setting is wrong', async () => {
    const child = run(await build(), { HTTP_CONTROL_SERVER_ADDRESS: '127.0.0.1:0', GLUETUN_VERSION: 'v4' })
    const [reason] = (await once(createInterface(child.stderr), 'line')) as [string]
    expect(reason).toContain('GLUETUN_VERSION must be one of v3.40.4, v3.41.1, v3.41.3, latest')
    if (child.exitCode === null) await once(child, 'exit')
    expect(child.exitCode).toBe(1)
  })
})
