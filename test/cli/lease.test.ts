import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { serve, type ServerType } from '@hono/node-server'
import { CommanderError } from 'commander'
import { afterEach, describe, expect, test } from 'vitest'
import { leaseCommand } from '../../src/cli/lease.js'
import { Lease, LeaseHistory } from '../../src/contracts/lease.js'
import { BerthError } from '../../src/domain/errors.js'
import type { HttpConfig } from '../../src/http/app.js'
import type { Snapshot } from '../../src/temporal/control-plane.js'
import { engineView, hex, leaseView, NOW, snapshotOf, turnover } from '../http/fake-control-plane.js'
import { adminKey, heldBy, setUp } from '../http/set-up.js'

const open: ServerType[] = []
afterEach(async () => {
  for (const server of open.splice(0)) await new Promise((resolve) => server.close(resolve))
})

const listening = async (server: ServerType): Promise<number> => {
  open.push(server)
  if (!server.listening) await new Promise((resolve) => server.once('listening', resolve))
  return (server.address() as AddressInfo).port
}

const engine = engineView({ forwarded: true, epoch: 17, p2pPort: 51_413 })
const other = engineView({ engineId: 'e-2', containerId: hex('b'), containerName: 'berth-e-2', hostHttpPort: 19_001 })
const held = snapshotOf({ engines: [engine, other], lease: heldBy(engine) })

/** `berth lease <words>`: what it writes and ends with. */
async function berthLease(words: readonly string[], env: Record<string, string>) {
  const told = { out: '', err: '', code: 0 }
  const command = leaseCommand({
    env,
    say: (text) => void (told.out += `${text}\n`),
    complain: (text) => void (told.err += `${text}\n`),
    exitWith: (code) => void (told.code = code),
  })
  await command.parseAsync(words, { from: 'user' }).catch((error: unknown) => {
    if (!(error instanceof CommanderError)) throw error
    told.code = error.exitCode === 0 ? 0 : 2
  })
  expect(told.err).not.toMatch(/^ +at /m)
  return told
}

/** A Berth that listens, and its command line. */
async function running(snapshot: Snapshot = held, http: Partial<HttpConfig['http']> = {}) {
  const { app, controlPlane } = setUp({ snapshot, http })
  const port = await listening(serve({ fetch: app.fetch, hostname: '127.0.0.1', port: 0 }))
  const lease = (line: string, env: Record<string, string> = {}) =>
    berthLease(line.split(' '), { BERTH_URL: `http://127.0.0.1:${port}`, ...env })
  return { lease, controlPlane, port }
}

describe('berth lease show', () => {
  test('tells in a few lines who is forwarded', async () => {
    const { lease } = await running()
    expect(await lease('show')).toEqual({
      out: `Forwarded  engine e-1 on port 51413
Container  aaaaaaaaaaaa
Since      2026-08-07 12:00:00Z
Epoch      17
Condition  all is well
`,
      err: '',
      code: 0,
    })
  })

  test('tells also what is not as it always is', async () => {
    const due = { since: NOW, reason: 'maintenance', force: false, drainUntil: NOW + 600_000, waitingFor: 'streams' } as const
    const { lease } = await running(
      snapshotOf({
        lease: { ...heldBy(engine, { phase: 'revoking' }), port: null, preferred: 'e-2', nominee: 'e-3' },
        rotation: { everyMs: 21_600_000, due },
        reconcile: { dryRun: true, wouldRemove: [{ containerId: hex('d'), name: 'old-1', reason: 'orphan' }] },
      }),
    )
    expect((await lease('show')).out).toBe(`Forwarded   engine e-1 on port 51413, losing it
Container   aaaaaaaaaaaa
Since       2026-08-07 12:00:00Z
Epoch       17
Port now    none
Designated  engine e-2
Next        engine e-3
Rotates     each 6 h
Rotation    due since 2026-08-07 12:00:00Z (maintenance), waits for the holder's streams, until 2026-08-07 12:10:00Z at most
Dry run     would remove old-1 (dddddddddddd): orphan
Condition   all is well
`)
  })

  test('--json is the answer of the API as one document', async () => {
    const { lease, port } = await running()
    const { out, code } = await lease('show --json')
    expect(Lease.strict().parse(JSON.parse(out))).toEqual(await (await fetch(`http://127.0.0.1:${port}/lease`)).json())
    expect(code).toBe(0)
  })

  test.each([
    ['no-forwarded', 3],
    ['several-forwarded', 3],
    ['handing-over', 3],
    ['disabled', 0],
  ])('with the condition %s it ends with %i, and says why', async (code, exit) => {
    const { lease } = await running(snapshotOf({ lease: leaseView({ condition: { code, detail: 'this is why' } }) }))
    const told = await lease('show')
    expect(told).toMatchObject({ code: exit, err: '' })
    expect(told.out).toContain(`${code}: this is why`)
    expect((await lease('show --json')).code).toBe(exit)
  })

  test('a terminal obeys nothing of what somebody wrote into a text', async () => {
    const { lease } = await running(snapshotOf({ lease: leaseView({ condition: { code: 'failed', detail: '\u001b[2J\u0007gone' } }) }))
    expect((await lease('show')).out).toContain('failed: ?[2J?gone')
  })
})

describe('handing over', () => {
  test('elect lets the election decide, or names the candidate', async () => {
    const { lease, controlPlane } = await running()
    const told = await lease('elect')
    expect(told).toMatchObject({ err: '', code: 0 })
    expect(told.out).toMatch(/^Taken: the port goes to another engine\.\n\nForwarded {2}engine e-1 on port 51413\n/)
    expect((await lease('elect berth-e-2')).out).toMatch(/^Taken: the port goes to berth-e-2\.\n/)
    expect(controlPlane.elected).toMatchObject([
      { candidate: null, force: false, epoch: null, reason: 'asked for through the API' },
      { candidate: 'berth-e-2' },
    ])
  })

  test('rotate, designate and undesignate ask for what they say', async () => {
    const { lease, controlPlane } = await running()
    for (const line of ['rotate', 'designate e-2', 'undesignate']) expect(await lease(line)).toMatchObject({ err: '', code: 0 })
    expect(controlPlane.rotated).toHaveLength(1)
    expect(controlPlane.designated.map((request) => request.engine)).toEqual(['e-2', null])
  })

  test.each(['elect e-2', 'rotate', 'designate e-2'])('%s passes on --force, --reason and --epoch', async (line) => {
    const { lease, controlPlane } = await running()
    expect((await lease(`${line} --force --reason maintenance --epoch 17`)).code).toBe(0)
    const { elected, rotated, designated } = controlPlane
    expect([elected, rotated, designated].flat()).toMatchObject([{ force: true, reason: 'maintenance', epoch: 17 }])
  })

  test.each(['elect', 'rotate', 'designate e-2', 'undesignate'])('%s --json is the lease as one document', async (line) => {
    const { lease } = await running()
    const { out, code } = await lease(`${line} --json`)
    expect([Lease.strict().parse(JSON.parse(out)).epoch, code]).toEqual([17, 0])
  })

  test.each(['elect', 'rotate', 'designate e-2', 'undesignate'])('%s at another epoch moves nothing and ends with 4', async (line) => {
    const { lease, controlPlane } = await running()
    expect(await lease(`${line} --epoch 16`)).toEqual({
      out: '',
      err: 'berth: the lease is at epoch 17, not 16 (precondition-failed)\n',
      code: 4,
    })
    expect([controlPlane.elected, controlPlane.rotated, controlPlane.designated].flat()).toEqual([])
  })

  test.each([
    ['conflict', 4],
    ['lease-disabled', 4],
    ['unavailable', 1],
    ['timeout', 1],
    ['not-found', 1],
  ] as const)('a refusal (%s) is told in the words of the API and ends with %i, with --json too', async (type, code) => {
    const { lease, controlPlane } = await running()
    controlPlane.failure = new BerthError(type, 'e-1 plays 2 streams: force cuts them')
    for (const line of ['elect', 'elect --json']) {
      expect(await lease(line)).toEqual({ out: '', err: `berth: e-1 plays 2 streams: force cuts them (${type})\n`, code })
    }
  })

  test('what breaks a rule of the API ends with 2', async () => {
    const { lease } = await running()
    const { err, code } = await lease('designate ../gluetun')
    expect(err).toBe('berth: /engine must be an engine id, a container id or a container name, or null to name nobody (invalid-request)\n')
    expect(code).toBe(2)
  })
})

describe('berth lease history', () => {
  const log = [
    turnover(1, { ended: 'port-changed', endedAt: NOW + 1_900 }),
    turnover(2, { engineId: 'e-22', began: 'port-changed', gapMs: 1_240 }),
  ]
  const snapshot = snapshotOf({ lease: leaseView({ log }) })

  test('is a table, the newest first', async () => {
    const { lease } = await running(snapshot)
    expect(await lease('history')).toEqual({
      out: `EPOCH  ENGINE  PORT   GRANTED               GAP    BEGAN         ENDED
2      e-22    51413  2026-08-07 12:00:02Z  1.2 s  port-changed  holds it
1      e-1     51413  2026-08-07 12:00:01Z  -      first         port-changed
`,
      err: '',
      code: 0,
    })
  })

  test('says how to read on, and reads on', async () => {
    const { lease } = await running(snapshot)
    const { out } = await lease('history --limit 1')
    const cursor = /^Older ones: berth lease history --cursor (\S+)$/m.exec(out)?.[1] ?? ''
    const next = LeaseHistory.strict().parse(JSON.parse((await lease(`history --json --cursor ${cursor}`)).out))
    expect(next).toMatchObject({ items: [{ epoch: 1 }], next_cursor: null })
  })

  test('of a lease that nobody ever held says so', async () => {
    const { lease } = await running()
    expect((await lease('history')).out).toBe('No turnovers.\n')
  })

  test('with a cursor that no page gave ends with 2', async () => {
    const { lease } = await running()
    expect(await lease('history --cursor 17')).toMatchObject({ out: '', code: 2, err: expect.stringContaining('cursor must be') })
  })
})

describe('the API is found', () => {
  test('by BERTH_URL, with a path and a slash at its end', async () => {
    const { app } = setUp({ snapshot: held })
    const proxied = (request: Request) => app.fetch(new Request(request.url.replace('/berth/lease', '/lease'), request))
    const port = await listening(serve({ fetch: proxied, hostname: '127.0.0.1', port: 0 }))
    expect((await berthLease(['show'], { BERTH_URL: `http://127.0.0.1:${port}/berth/` })).code).toBe(0)
  })

  test.each(['127.0.0.1', 'localhost'])('by APP_HOST=%s and APP_PORT without it', async (host) => {
    const { port } = await running()
    expect((await berthLease(['show'], { APP_HOST: host, APP_PORT: String(port) })).code).toBe(0)
  })

  test('on this machine when it listens on every address', async () => {
    const { port } = await running(held, { keys: adminKey('right-key') })
    expect((await berthLease(['show'], { APP_HOST: '0.0.0.0', APP_PORT: String(port), API_KEY: 'right-key' })).code).toBe(0)
  })

  test('and is shown the key of API_KEY', async () => {
    const { lease } = await running(held, { keys: adminKey('right-key') })
    expect(await lease('elect')).toEqual({ out: '', err: 'berth: missing bearer token (unauthorized)\n', code: 1 })
    expect(await lease('elect', { API_KEY: 'wrong' })).toEqual({ out: '', err: 'berth: invalid token (forbidden)\n', code: 1 })
    expect((await lease('elect', { API_KEY: 'right-key' })).code).toBe(0)
  })

  test('nobody there is told with the address and what to do', async () => {
    const { port } = await running()
    await new Promise((resolve) => open.pop()?.close(resolve))
    const { out, err, code } = await berthLease(['show', '--json'], { BERTH_URL: `http://127.0.0.1:${port}` })
    expect(err).toMatch(
      new RegExp(
        `^berth: http://127.0.0.1:${port} cannot be asked \\(.*ECONNREFUSED.*\\): does Berth run there\\? BERTH_URL names another address\n$`,
      ),
    )
    expect([out, code]).toEqual(['', 1])
  })

  test.each<[string, number, Record<string, string>, string, RegExp]>([
    ['a web page', 200, {}, '<html>', /answers \/lease otherwise than Berth of this version does/],
    ['other JSON', 200, {}, '{"ok":true}', /answers \/lease otherwise than Berth of this version does/],
    ['an error of a proxy', 502, {}, '<html>', /answers 502 and is not Berth's API/],
    ['a redirect', 308, { location: 'https://berth.example/lease' }, '', /redirects to https:\/\/berth\.example\/lease: set BERTH_URL/],
  ])('%s in its place is told as that', async (_, status, headers, body, message) => {
    const port = await listening(createServer((_request, response) => response.writeHead(status, headers).end(body)).listen(0, '127.0.0.1'))
    expect(await berthLease(['show'], { BERTH_URL: `http://127.0.0.1:${port}` })).toMatchObject({
      out: '',
      err: expect.stringMatching(message),
      code: 1,
    })
  })

  test.each(['berth.example', 'ftp://berth.example', 'http://', 'http://me:hush@berth.example', 'http://berth.example/?key=hush'])(
    'BERTH_URL=%s is refused, and not repeated, as it may hold a password',
    async (url) => {
      const { err, code } = await berthLease(['show'], { BERTH_URL: url })
      expect(err).toContain('BERTH_URL must be an http or https address')
      expect(err).not.toContain('hush')
      expect(code).toBe(2)
    },
  )

  test('a configuration that breaks a rule ends with 2 and names the variable', async () => {
    expect(await berthLease(['show'], { APP_PORT: '0' })).toMatchObject({ out: '', code: 2, err: expect.stringContaining('APP_PORT') })
  })
})

describe('usage', () => {
  test.each([
    '',
    'designate',
    'steal',
    'show now please',
    'show --force',
    'elect --epoch',
    'elect --epoch -1',
    'elect --epoch 1.5',
    'elect e-1 e-2',
    'undesignate e-1',
    'history --limit 0',
    'history --limit 101',
    'rotate --now',
  ])('"berth lease %s" ends with 2 and asks nobody', async (line) => {
    const { lease, controlPlane } = await running()
    const { out, err, code } = await lease(line)
    expect([out, code]).toEqual(['', 2])
    expect(err).toContain('Usage:')
    expect(controlPlane.snapshots).toBe(0)
  })

  test('--help lists the commands and ends with 0', async () => {
    const { out, code } = await berthLease(['--help'], {})
    expect(code).toBe(0)
    for (const name of ['show', 'elect', 'rotate', 'designate', 'undesignate', 'history']) expect(out).toContain(name)
  })
})
