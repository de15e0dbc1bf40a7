import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createDockerSimulator, type DockerSimulator } from '../../src/simulator/docker-engine.js'
import { GluetunStandIn } from '../../src/simulator/gluetun-stand-in.js'
import { Berth, eventually } from '../support/world.js'

/** The bound itself, and what a busy machine may add to it. */
const ANSWERS_WITHIN_MS = 2_000 + 750
const IMAGE = 'test/engine:latest'
/** Of the engines: on the host's own address their ports may be somebody else's. */
const ADDRESS = '127.91.17.4'

const Document = z.object({
  paths: z.record(z.string(), z.record(z.string(), z.object({ responses: z.record(z.string(), z.unknown()) }))),
})
/** Where older clients want an object, the text is in it. */
const Problem = z.object({ type: z.string(), status: z.number(), detail: z.union([z.string(), z.looseObject({ message: z.string() })]) })

/** What is sent where a body is required; elsewhere nothing is. */
const BODIES: Record<string, unknown> = {
  'post /provision': {},
  'post /provision/acestream': {},
  'patch /api/v1/fleet': { wanted: 2 },
  'post /lease/designate': { engine: null },
  'post /events/stream_started': {
    engine: { host: '127.0.0.1', port: 1 },
    stream: { key_type: 'infohash', key: 'a'.repeat(40) },
    session: { playback_session_id: 's', stat_url: 'http://127.0.0.1:1/stat', command_url: 'http://127.0.0.1:1/cmd', is_live: 1 },
  },
  'post /events/stream_ended': { stream_id: 'nobody-plays-this' },
}

interface Answer {
  operation: string
  status: number
  ms: number
  stale: boolean
  retryAfter: string | null
  problem: z.infer<typeof Problem> | null
  documented: boolean
}

let folder: string
let docker: DockerSimulator
let gluetun: GluetunStandIn
let berth: Berth
let operations: { method: string; path: string; statuses: string[] }[]

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'berth-degraded-'))
  docker = createDockerSimulator({
    socketPath: join(folder, 'docker.sock'),
    images: [IMAGE],
    gluetun: { name: 'gluetun', address: ADDRESS },
  })
  await docker.start()
  gluetun = new GluetunStandIn({ ports: [41_000] })
  berth = await Berth.prepare(
    { dockerd: { dockerHost: `unix://${docker.socketPath}` } },
    { ENGINE_IMAGE: IMAGE, GLUETUN_URL: await gluetun.start(), MIN_REPLICAS: '2', RATE_LIMIT_MUTATIONS: '0' },
  )
  await berth.start()
  await berth.settled(2)
  const { paths } = Document.parse(await berth.get('/openapi.json'))
  operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { responses }]) => ({ method, path, statuses: Object.keys(responses) })),
  )
})
afterAll(async () => {
  await berth?.discard()
  await gluetun?.stop()
  await docker?.stop()
  rmSync(folder, { recursive: true, force: true })
})

/** Every operation of the document, one after the other, on an engine that there is. */
async function askAll(engineId: string): Promise<Answer[]> {
  const answers: Answer[] = []
  for (const { method, path, statuses } of operations) {
    // A stream without an end: what it answers at once is all that counts here.
    const operation = `${method} ${path}`
    const url = `${berth.url}${path.replaceAll(/\{(id|engine_id|container_id)\}/g, engineId).replace('{demand}', '2')}${path === '/by-label' ? '?key=a&value=b' : ''}`
    const body = BODIES[operation]
    const began = performance.now()
    const response = await fetch(url, {
      method: method.toUpperCase(),
      headers: { 'content-type': 'application/json' },
      body: method === 'get' ? undefined : JSON.stringify(body ?? {}),
      signal: AbortSignal.timeout(20_000),
    })
    const isEndless = response.headers.get('content-type')?.startsWith('text/event-stream') ?? false
    const text = isEndless ? '' : await response.text()
    if (isEndless) await response.body?.cancel()
    answers.push({
      operation,
      status: response.status,
      ms: Math.round(performance.now() - began),
      stale: response.headers.get('x-berth-stale') === 'true',
      retryAfter: response.headers.get('retry-after'),
      problem: response.headers.get('content-type')?.startsWith('application/problem+json') ? Problem.parse(JSON.parse(text)) : null,
      documented: statuses.includes(String(response.status)),
    })
  }
  return answers
}

/** Late, not in the document, or a failure that does not say what is missing and when to ask again. */
function wrong(answers: readonly Answer[], part: RegExp): Answer[] {
  const says = ({ status, retryAfter, problem }: Answer): boolean =>
    status < 500 || (status === 503 && (problem === null || (retryAfter !== null && part.test(JSON.stringify(problem.detail)))))
  return answers.filter((answer) => answer.ms > ANSWERS_WITHIN_MS || !answer.documented || !says(answer))
}

const Ready = z.object({ parts: z.record(z.string(), z.object({ ok: z.boolean() })) })

/** Resolves when `GET /readyz` says so of this part. */
async function untilReady(part: string, ok: boolean): Promise<void> {
  await eventually(`${part} is ${ok ? 'well' : 'missing'}`, async () => {
    const { parts } = Ready.parse(await (await fetch(`${berth.url}/readyz`)).json())
    return parts[part]?.ok === ok ? true : null
  })
}

/** One of two, when all is well. */
async function anEngine(): Promise<string> {
  for (const part of ['temporal', 'worker', 'docker', 'gluetun', 'lease']) await untilReady(part, true)
  const [engine] = await berth.settled(2)
  return engine?.engine_id ?? ''
}

/** What every operation answers while this part of Berth stands still and the API has noticed. */
async function answersWithout(part: 'worker' | 'temporal'): Promise<Answer[]> {
  const engineId = await anEngine()
  const pid = berth.parts()[part]
  process.kill(pid, 'SIGSTOP')
  try {
    await eventually('the API has noticed', async () => (await fetch(`${berth.url}/engines`)).headers.get('x-berth-stale'))
    return await askAll(engineId)
  } finally {
    process.kill(pid, 'SIGCONT')
  }
}

describe('every endpoint answers within two seconds, with what was known last or with what is missing', () => {
  it('while no worker answers', async () => {
    const answers = await answersWithout('worker')
    expect(wrong(answers, /worker/i)).toEqual([])
    expect(answers.filter(({ operation }) => operation === 'get /engines')).toMatchObject([{ status: 200, stale: true }])
    expect(answers.filter(({ operation }) => operation === 'post /provision/acestream')).toMatchObject([{ status: 503 }])
  })

  it('while Temporal does not answer', async () => {
    expect(wrong(await answersWithout('temporal'), /temporal|worker/i)).toEqual([])
  })

  it('while Docker cannot be asked', async () => {
    const engineId = await anEngine()
    await docker.daemonDown()
    await untilReady('docker', false)
    const answers = await askAll(engineId)
    await docker.daemonUp()
    expect(wrong(answers, /docker/i)).toEqual([])
  })

  it('while Gluetun does not answer', async () => {
    const engineId = await anEngine()
    await gluetun.setFault('refuse')
    await untilReady('gluetun', false)
    // Engines come and go without Gluetun's word: only what speaks of the VPN may differ.
    const answers = (await askAll(engineId)).filter(({ operation }) => !/provision|containers|engines/.test(operation))
    await gluetun.setFault(null)
    expect(wrong(answers, /gluetun/i)).toEqual([])
  })
})
